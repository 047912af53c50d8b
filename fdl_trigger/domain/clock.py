"""Time as a function, so that tests can turn it by hand."""

import time
from collections.abc import Callable

Clock = Callable[[], int]


def system_clock() -> int:
    """Return the current time in UTC epoch milliseconds."""
    return time.time_ns() // 1_000_000
