"""The SQLite database: how connections are opened, and how all of them are closed."""

import sqlite3
import threading
import weakref
from pathlib import Path
from typing import Any

from peewee import SqliteDatabase

from ..domain.errors import StoreUnavailable

BUSY_TIMEOUT_MS = 5000

# synchronous=FULL: with WAL, a commit survives a power cut only when the log is flushed at every commit.
PRAGMAS = {"journal_mode": "wal", "synchronous": "full", "foreign_keys": 1, "busy_timeout": BUSY_TIMEOUT_MS}


class StoreConnection(sqlite3.Connection):
    """A connection that closes itself when the thread that owned it is gone.

    `has_changed_catalog` says that the transaction under way changed what is kept in memory.
    """

    has_changed_catalog = False

    def __del__(self) -> None:
        self.close()


class StoreDatabase(SqliteDatabase):
    """One connection a thread, opened at first use; `close_everything` closes those of all threads."""

    def __init__(self, path: Path) -> None:
        self._opened: list[weakref.ref[StoreConnection]] = []
        self._opened_lock = threading.Lock()
        super().__init__(str(path), pragmas=PRAGMAS, check_same_thread=False, factory=StoreConnection)

    def _connect(self) -> Any:
        connection = super()._connect()  # type: ignore[misc] # peewee's own hook, missing from its types
        with self._opened_lock:
            self._opened = [known for known in self._opened if known() is not None]
            self._opened.append(weakref.ref(connection))
        return connection

    def close_everything(self) -> None:
        """Close the connections of every thread; the database must not be used after."""
        if not self.is_closed():
            self.close()
        with self._opened_lock:
            for reference in self._opened:
                connection = reference()
                if connection is not None:
                    connection.close()
            self._opened.clear()

    def read(self, sql: str, parameters: tuple[Any, ...] | list[Any] = ()) -> list[Any]:
        """Run one prepared SELECT on this thread's connection and return its rows; raises StoreUnavailable."""
        try:
            return self.raw().execute(sql, parameters).fetchall()
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(f"The store cannot be read: {error}.") from None

    def raw(self) -> sqlite3.Connection:
        """Return this thread's connection, opened when it is not."""
        connection: sqlite3.Connection = self.connection()  # type: ignore[no-untyped-call] # untyped in peewee
        return connection
