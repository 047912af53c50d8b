"""Asking a run to stop. Threads are never killed: the run asks, or is interrupted where it said how."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..domain.states import Reason
from ..nodes.errors import Stopped

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a run was asked to stop."""

    reason: Reason
    message: str


class StopSwitch:
    """Turned on once, by whoever comes first; everything the run does passes by here."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._interrupts: list[Callable[[], None]] = []
        self.stop: Stop | None = None

    def turn_on(self, stop: Stop) -> bool:
        """Ask the run to stop; False when it was asked before. Interrupts what the run waits for."""
        # The interrupts run under the lock, so that none can run after the block it belongs to has been left.
        with self._lock:
            if self.stop is not None:
                return False
            self.stop = stop
            self._event.set()
            for interrupt in self._interrupts:
                _call(interrupt)
        return True

    def check(self) -> None:
        """Raise Stopped once the switch is on."""
        if self.stop is not None:
            raise Stopped(self.stop.message)

    def sleep(self, seconds: float) -> None:
        """Sleep; raise Stopped as soon as the switch is on."""
        self._event.wait(seconds)
        self.check()

    @contextmanager
    def on_stop(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """See NodeContext.on_stop."""
        with self._lock:
            self.check()
            self._interrupts.append(interrupt)
        try:
            yield
        except Exception as error:
            if self.stop is not None:
                raise Stopped(self.stop.message) from error
            raise
        finally:
            with self._lock:
                self._interrupts.remove(interrupt)


def _call(interrupt: Callable[[], None]) -> None:
    try:
        interrupt()
    except Exception:
        logger.exception("an interrupt failed; the run stops at its next check")
