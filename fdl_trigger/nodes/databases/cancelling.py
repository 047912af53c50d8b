"""Cancelling what runs on a database server, from another thread."""

import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

_AGAIN_S = 0.25
_CUT_AFTER_S = 2.0
CANCEL_TIMEOUT_S = 1
"""How long one cancellation may take."""


class Canceller:
    """Cancels again and again until the connection is closed: one that comes between two statements is lost.

    When the server has not listened for 2 seconds, `cut` takes the connection away.
    """

    def __init__(self, cancel: Callable[[], None], cut: Callable[[], None]) -> None:
        self._cancel = cancel
        self._cut = cut
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; does not wait."""
        with self._lock:
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._run, name="sql-cancel", daemon=True)
                self._thread.start()

    @property
    def has_started(self) -> bool:
        """Whether the connection is to run nothing more."""
        return self._thread is not None

    def close(self) -> None:
        """End; the connection is about to be closed."""
        self._closed.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        cut_at = time.monotonic() + _CUT_AFTER_S
        while time.monotonic() < cut_at:
            self._quietly(self._cancel)
            if self._closed.wait(_AGAIN_S):
                return
        self._quietly(self._cut)

    def _quietly(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception:
            if not self._closed.is_set():
                logger.warning("a statement could not be cancelled; trying again", exc_info=True)
