"""Caps how often an API is called: a sliding window over the calls of one node in one instance."""

from collections import deque
from collections.abc import Callable

from .context import NodeContext
from .source_settings import Frequency


class CallFrequency:
    """Sleeps before a call that would be one too many; without a setting it lets every call pass."""

    def __init__(self, frequency: Frequency | None, context: NodeContext, clock: Callable[[], float]) -> None:
        self._frequency = frequency
        self._context = context
        self._clock = clock  # seconds, monotonic
        self._calls: deque[float] = deque(maxlen=frequency.max_calls if frequency else 0)

    def wait(self) -> None:
        """Wait for the turn of the next call and count it; raises Stopped when the run is stopped meanwhile."""
        if self._frequency is None:
            return
        if len(self._calls) == self._frequency.max_calls:
            pause_s = self._calls[0] + self._frequency.period_s - self._clock()
            if pause_s > 0:
                self._context.sleep(pause_s)
        self._calls.append(self._clock())
