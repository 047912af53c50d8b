"""How often somebody may try to log in."""

import math
import time

from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from ..domain.errors import LoginThrottled

_NOTED = tuple(parse_many("1/minute"))


class LoginThrottle:
    """Counts attempts in memory over a moving window, before the password is looked at.

    `name_rate` limits the attempts on each name (a success clears them), `address_rate` all attempts from each
    address; texts such as "10/5 minutes", empty for no limit. Raises ValueError for a text that is not a rate.
    """

    def __init__(self, name_rate: str, address_rate: str) -> None:
        self._names = _parse(name_rate)
        self._addresses = _parse(address_rate)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, name: str, address: str) -> None:
        """Count one attempt; raises LoginThrottled with `retry_after` in whole seconds."""
        self._hit(self._addresses, "address", address)
        self._hit(self._names, "name", _key(name))

    def forgive(self, name: str) -> None:
        """Forget the attempts on a name, after the right password."""
        for item in self._names:
            self._limiter.clear(item, "name", _key(name))

    def is_news(self, address: str) -> bool:
        """Tell whether an address was not refused within the last minute: each such refusal is worth a note."""
        return all(self._limiter.hit(item, "noted", address) for item in _NOTED)

    def _hit(self, items: tuple[RateLimitItem, ...], *who: str) -> None:
        for item in items:
            if not self._limiter.hit(item, *who):
                reset = self._limiter.get_window_stats(item, *who).reset_time
                seconds = max(1, math.ceil(reset - time.time()))
                raise LoginThrottled(f"Too many attempts to log in; try again in {seconds} s.", retry_after=seconds)


def _parse(text: str) -> tuple[RateLimitItem, ...]:
    return tuple(parse_many(text)) if text.strip() else ()


def _key(name: str) -> str:
    return name.strip().casefold()[:128]
