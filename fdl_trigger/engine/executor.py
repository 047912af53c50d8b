"""The thread pool. Executing is all it does."""

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .run import Run

logger = logging.getLogger(__name__)


class LocalExecutor:
    """Runs up to `slots` runs at once, each on a thread of its own, and says when one becomes free."""

    def __init__(self, slots: int, work: Callable[[Run], None], on_free: Callable[[], None]) -> None:
        self._slots = slots
        self._work = work
        self._on_free = on_free
        self._queue: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._active: dict[int, Run] = {}
        self._threads = 0

        self._guests: dict[int, Run] = {}

    @property
    def free(self) -> int:
        """How many more runs can start now."""
        return self._slots - len(self._active)

    def active(self) -> list[Run]:
        """Return the runs under way: those that hold a slot, and their guests."""
        with self._lock:
            return [*self._active.values(), *self._guests.values()]

    @contextmanager
    def guest(self, run: Run) -> Iterator[None]:
        """While the block runs, count a run that another one runs on its own thread as under way."""
        with self._lock:
            self._guests[run.claim.id] = run
        try:
            yield
        finally:
            with self._lock:
                self._guests.pop(run.claim.id, None)

    def submit(self, run: Run) -> None:
        """Start the run; the caller has seen a free slot."""
        with self._lock:
            self._active[run.claim.id] = run
            if self._threads < len(self._active):
                self._add_thread()
        self._queue.put(run)

    def _add_thread(self) -> None:
        self._threads += 1
        threading.Thread(target=self._loop, name=f"fdl-run-{self._threads}", daemon=True).start()

    def _loop(self) -> None:
        while (run := self._queue.get()) is not None:
            try:
                self._work(run)
            except Exception:
                logger.exception("the run of instance %s was left unsettled", run.claim.uid)
            if not self._release(run):
                return
            self._on_free()

    def _release(self, run: Run) -> bool:
        """Give the slot back; False when it was already taken from this thread."""
        with self._lock:
            if run.abandoned:
                return False
            del self._active[run.claim.id]
            return True

    def abandon(self, run: Run) -> bool:
        """Take the slot from a run that ignores its deadline; its thread ends whenever it returns."""
        with self._lock:
            if self._guests.pop(run.claim.id, None) is not None:
                run.abandoned = True
                return True
            if run.abandoned or self._active.get(run.claim.id) is not run:
                return False
            run.abandoned = True
            del self._active[run.claim.id]
            self._threads -= 1
        self._on_free()
        return True

    def close(self) -> None:
        """End the idle threads."""
        with self._lock:
            for _ in range(self._threads):
                self._queue.put(None)
            self._threads = 0
