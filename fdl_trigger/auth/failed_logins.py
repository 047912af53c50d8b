"""Slowing down whoever fails to authenticate, before the next attempt costs a verification."""

import math
import time

from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from ..domain.errors import RateLimited
from .proof import Check

# One address may fail with several clients (a proxy, an office), but not with as many as it can make up.
ADDRESS_FACTOR = 10
_MAX_SUSPECTS = 10_000
_CLIENT_LENGTH = 64


class FailedLogins:
    """Counts failures of each client at each address, and (ten times as many) of each address, over a moving window.

    `rate` is a text such as "30/minute", empty for no limit. Only failures count; an address without any costs one
    look into a dict. Raises ValueError for a text that is not a rate.
    """

    def __init__(self, rate: str) -> None:
        self._items = tuple(parse_many(rate)) if rate.strip() else ()
        self._wide = tuple(type(item)(item.amount * ADDRESS_FACTOR, item.multiples) for item in self._items)
        self._longest_s = max((item.get_expiry() for item in self._items), default=0)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._suspects: dict[str, float] = {}

    def check(self, address: str, client_id: str) -> None:
        """Raise RateLimited, with `retry_after` in whole seconds, when too many attempts have failed."""
        if address not in self._suspects:
            return
        for item in self._items:
            self._require(item, address, client_id[:_CLIENT_LENGTH])
        for item in self._wide:
            self._require(item, address)

    def is_slowed(self, address: str, client_id: str) -> bool:
        """Tell whether too many attempts have failed."""
        try:
            self.check(address, client_id)
        except RateLimited:
            return True
        return False

    def count(self, address: str, client_id: str) -> None:
        """Count one failure; one without a client id counts for itself and not for its address."""
        if not self._items:
            return
        now = time.monotonic()
        if len(self._suspects) >= _MAX_SUSPECTS:
            self._suspects = {one: until for one, until in self._suspects.items() if until > now}
        self._suspects[address] = now + self._longest_s
        for item in self._items:
            self._limiter.hit(item, address, client_id[:_CLIENT_LENGTH])
        for item in self._wide if client_id else ():
            self._limiter.hit(item, address)

    def _require(self, item: RateLimitItem, *who: str) -> None:
        if self._limiter.test(item, *who):
            return
        reset = self._limiter.get_window_stats(item, *who).reset_time
        seconds = max(1, math.ceil(reset - time.time()))
        reason = f"Too many failed attempts; try again in {seconds} s."
        raise RateLimited(reason, retry_after=seconds, check=Check.THROTTLED)
