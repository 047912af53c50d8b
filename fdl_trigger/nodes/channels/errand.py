"""Sending outside a run: its limits, and a way to break it off."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from ..context import Limits
from ..errors import Stopped


class Errand:
    """A Stoppable that no instance stands behind."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._lock = Lock()
        self._interrupts: list[Callable[[], None]] = []
        self._is_stopped = False

    def stop(self) -> None:
        """Break off what is on its way; from any thread."""
        with self._lock:
            self._is_stopped = True
            for interrupt in self._interrupts:
                interrupt()

    def check(self) -> None:
        """See Stoppable."""
        if self._is_stopped:
            raise Stopped("the service was stopped")

    @contextmanager
    def on_stop(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """See Stoppable."""
        with self._lock:
            self.check()
            self._interrupts.append(interrupt)
        try:
            yield
        except Exception:
            self.check()
            raise
        finally:
            with self._lock:
                self._interrupts.remove(interrupt)
