"""The one writer: it runs the work of many callers in one transaction and wakes them after the commit.

A commit costs a flush of the disk. Callers that arrive while one is under way share the next one.
"""

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from peewee import OperationalError

from ..domain.errors import StoreUnavailable
from ..failpoints import fail_point
from .database import StoreConnection, StoreDatabase

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

MAX_GROUP = 128

logger = logging.getLogger(__name__)


class _Job(Generic[T]):
    """One caller's work, and what became of it."""

    __slots__ = ("_done", "error", "result", "work")

    def __init__(self, work: Work[T]) -> None:
        self.work = work
        self.result: T | None = None
        self.error: BaseException | None = None
        # A bare lock is the cheapest thing a thread can wait on: taken here, given back by the writer.
        self._done = threading.Lock()
        self._done.acquire()

    def finish(self) -> None:
        self._done.release()

    def wait(self) -> T:
        self._done.acquire()
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value] # set by the writer unless error is


class Writer:
    """Owns the write connection. `write` returns when its work is durable; `post` does not wait.

    `catalog_changes` counts the commits of this process that changed what the catalog keeps in memory.
    """

    def __init__(self, database: StoreDatabase) -> None:
        self._database = database
        self.catalog_changes = 0
        self._queue: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the writer thread."""
        self._thread = threading.Thread(target=self._run, name="fdl-writer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish what was handed in and end the thread."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def write(self, work: Work[T]) -> T:
        """Run `work(connection)` in the next transaction and return its result once that is on disk.

        Whatever `work` raises is raised here and undoes only this work. Raises StoreUnavailable when the
        database cannot be written (locked by another program, read-only, full) or the writer is stopped.
        """
        job = self._hand_in(work)
        return job.wait()

    def post(self, work: Work[Any]) -> None:
        """Hand in work whose result nobody waits for; a failure is logged."""
        self._hand_in(_logged(work))

    def _hand_in(self, work: Work[T]) -> _Job[T]:
        thread = self._thread
        if thread is None:
            raise StoreUnavailable("The store is not open.")
        if threading.current_thread() is thread:
            raise RuntimeError("work handed to the writer must not wait for the writer")
        job = _Job(work)
        self._queue.put(job)
        return job

    def _run(self) -> None:
        connection = self._database.raw()
        while group := self._next_group():
            stopping = group[-1] is None
            jobs = [job for job in group if job is not None]
            if jobs:
                self._commit(connection, jobs)
            if stopping:
                break
        self._refuse_the_rest()
        self._database.close()

    def _next_group(self) -> list[_Job[Any] | None]:
        group = [self._queue.get()]
        while group[-1] is not None and len(group) < MAX_GROUP:
            try:
                group.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return group

    def _refuse_the_rest(self) -> None:
        while True:
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                return
            if job is not None:
                job.error = StoreUnavailable("The store is closed.")
                job.finish()

    def _commit(self, connection: sqlite3.Connection, jobs: list[_Job[Any]]) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            fail_point("writer.begun")
            for job in jobs:
                _run_in_savepoint(connection, job)
            fail_point("writer.before_commit")
            connection.execute("COMMIT")
            fail_point("writer.committed")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            _fail_all(jobs, error)
        finally:
            self._note_change(connection)  # before anybody wakes who relies on it
            for job in jobs:
                job.finish()

    def _note_change(self, connection: sqlite3.Connection) -> None:
        if isinstance(connection, StoreConnection) and connection.has_changed_catalog:
            connection.has_changed_catalog = False
            self.catalog_changes += 1


def _run_in_savepoint(connection: sqlite3.Connection, job: _Job[Any]) -> None:
    connection.execute("SAVEPOINT work")
    try:
        job.result = job.work(connection)
    except BaseException as error:  # raised again in the caller's thread
        job.error = _translated(error)
        if not connection.in_transaction:
            # SQLite undid the whole transaction by itself (disk full, I/O error): the neighbours' work is gone too.
            raise sqlite3.OperationalError(str(error)) from error
        connection.execute("ROLLBACK TO work")
    connection.execute("RELEASE work")


def _translated(error: BaseException) -> BaseException:
    if isinstance(error, sqlite3.OperationalError | OperationalError):
        return StoreUnavailable(f"The store cannot be written: {error}.")
    return error


def _fail_all(jobs: Iterable[_Job[Any]], error: sqlite3.Error) -> None:
    logger.error("the store cannot be written: %s", error)
    for job in jobs:
        job.result = None
        job.error = job.error or StoreUnavailable(f"The store cannot be written: {error}.")


def _logged(work: Work[Any]) -> Work[Any]:
    def run(connection: sqlite3.Connection) -> None:
        try:
            work(connection)
        except sqlite3.Error:
            logger.exception("a posted write failed")
            raise

    return run
