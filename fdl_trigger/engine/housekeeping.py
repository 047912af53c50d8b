"""Slow chores of the dispatcher: forgetting old records, counting the queue anew."""

from ..store.store import Store

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
RECOUNT_MS = 10_000


class Housekeeping:
    """Keeps records for `keep_days` days or the newest `keep_count`, whichever is less (tasks contract, section 12)."""

    def __init__(self, store: Store, keep_days: int, keep_count: int) -> None:
        self._store = store
        self._keep_days = keep_days
        self._keep_count = keep_count
        self._next_purge = 0
        self._next_recount = 0

    def turn(self, now: int) -> None:
        """Do the chores that are due at `now` (epoch milliseconds)."""
        if now >= self._next_recount:
            self._next_recount = now + RECOUNT_MS
            self._store.instances.recount()
        if now >= self._next_purge:
            deleted = self._store.retention.purge(now - self._keep_days * DAY_MS, self._keep_count)
            # A purge works in batches, so that triggers never wait for it; what is left comes with the next turn.
            self._next_purge = now if deleted else now + HOUR_MS
