"""How often an application may call."""

import math
import time
from functools import lru_cache

from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from ..domain.applications import Application
from ..domain.errors import RateLimited
from .proof import Check


class Rates:
    """Counts calls in memory over a moving window.

    `page_rate` limits each address that calls as a page application, `application_rate` any other application without
    a rate of its own; texts such as "60/minute", empty for no limit. An application's own rate limits all its calls
    together. Raises ValueError for a text that is not a rate.
    """

    def __init__(self, page_rate: str = "", application_rate: str = "") -> None:
        self._page = _parse(page_rate)
        self._default = _parse(application_rate)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, application: Application, address: str) -> None:
        """Count one call from `address`; raises RateLimited with `retry_after` in whole seconds."""
        is_page = application.method == "page"
        if is_page:
            self._hit(self._page, application.client_id, address)
        if application.rate:
            self._hit(_parse(application.rate), application.client_id)
        elif not is_page:
            self._hit(self._default, application.client_id)

    def _hit(self, items: tuple[RateLimitItem, ...], *caller: str) -> None:
        for item in items:
            if not self._limiter.hit(item, *caller):
                reset = self._limiter.get_window_stats(item, *caller).reset_time
                seconds = max(1, math.ceil(reset - time.time()))
                raise RateLimited(
                    f"Too many requests ({item}); try again in {seconds} s.", retry_after=seconds, check=Check.RATE
                )


@lru_cache(maxsize=256)
def _parse(text: str) -> tuple[RateLimitItem, ...]:
    return tuple(parse_many(text)) if text.strip() else ()
