"""A SQLite file as the target of a node: transactions, patience with locks, interruption, errors in plain words."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from marshmallow import ValidationError
from sqlalchemy import Connection as SqlConnection
from sqlalchemy import create_engine
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from ..domain.records import Connection
from .connection_schemas import load_settings
from .context import NodeContext
from .errors import BuildError, NodeError

LOCK_PATIENCE_S = 5.0
_LOCK_POLL_S = 0.05
_STEPS_BETWEEN_CHECKS = 100_000  # of SQLite's virtual machine, some milliseconds
_CONSTRAINT_DATATYPE = 3091  # of STRICT tables; Python 3.11 has no name for it
_REFUSED = {
    "SQLITE_CONSTRAINT_NOTNULL": "NOT_NULL",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "KEY_CONFLICT",
    "SQLITE_CONSTRAINT_UNIQUE": "KEY_CONFLICT",
    "SQLITE_CONSTRAINT_ROWID": "KEY_CONFLICT",
    "SQLITE_CONSTRAINT_DATATYPE": "TYPE_MISMATCH",
    "SQLITE_MISMATCH": "TYPE_MISMATCH",
    "SQLITE_TOOBIG": "VALUE_TOO_LONG",
}
_FAILED = {
    "SQLITE_READONLY": "is read-only; give the service's user write permission on the file and its directory",
    "SQLITE_PERM": "may not be accessed; give the service's user permission",
    "SQLITE_AUTH": "may not be accessed; give the service's user permission",
    "SQLITE_FULL": "is full; free space on its disk or raise its size limit, then run again",
    "SQLITE_CANTOPEN": "cannot be opened; its directory must exist and the service's user must be able to write there",
    "SQLITE_NOTADB": "is not a SQLite database; check the path of the connection",
    "SQLITE_CORRUPT": "is damaged; restore it from a backup",
    "SQLITE_IOERR": "cannot be read or written (I/O error); check its disk",
    "SQLITE_INTERRUPT": "was interrupted",
}


class RowRefused(NodeError):
    """The database takes this row as dirty; `kind` is a kind of dirty row."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


class SqliteDatabase:
    """One connection to a target file, outside any transaction until `begin`. Closing rolls back what is open.

    Raises NodeError with what to do when the file is locked, read-only, full or lost; RowRefused for a bad row.
    """

    def __init__(self, connection: Connection, context: NodeContext) -> None:
        if connection.kind != "sqlite":
            raise BuildError(f"connection '{connection.name}' is of kind {connection.kind}, the target needs sqlite")
        try:
            settings = load_settings("sqlite", connection.settings)
        except ValidationError as error:
            raise BuildError(f"the settings of connection '{connection.name}' are wrong: {error}") from None
        self.name = connection.name
        self._context = context
        self._path = Path(settings["path"]).absolute()
        self._is_interrupted = False
        self._engine = create_engine("sqlite://", creator=self._open, poolclass=NullPool, hide_parameters=True)
        with self._in_plain_words():
            self.sql: SqlConnection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if settings["maxPages"]:
            self.execute(f"PRAGMA max_page_count = {settings['maxPages']}")

    def __enter__(self) -> "SqliteDatabase":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.rollback()
        self.sql.close()
        self._engine.dispose()

    def interrupt(self) -> None:
        """Make the statement that runs now fail, and every long one after it; safe from any thread."""
        self._is_interrupted = True
        self._driver.interrupt()

    def begin(self) -> None:
        """Start a writing transaction, waiting for a lock up to LOCK_PATIENCE_S; raises Stopped meanwhile."""
        give_up = time.monotonic() + LOCK_PATIENCE_S
        self.execute("PRAGMA busy_timeout = 0")
        while not self._began(is_last_try=time.monotonic() >= give_up):
            self._context.sleep(_LOCK_POLL_S)
        self.execute(f"PRAGMA busy_timeout = {round(LOCK_PATIENCE_S * 1000)}")

    def commit(self) -> None:
        """End the transaction and keep its work."""
        self.execute("COMMIT")

    def rollback(self) -> None:
        """End the transaction, if there is one, and drop its work."""
        if self._driver.in_transaction:
            with suppress(SQLAlchemyError):  # the transaction ends with the connection anyway
                self.sql.exec_driver_sql("ROLLBACK")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo the work of the block when it fails."""
        self.execute("SAVEPOINT batch")
        try:
            yield
        except BaseException:
            if self._driver.in_transaction:
                self.execute("ROLLBACK TO batch")
                self.execute("RELEASE batch")
            raise
        self.execute("RELEASE batch")

    def execute(self, sql: str, values: Sequence[Any] = ()) -> CursorResult[Any]:
        """Run one statement."""
        with self._in_plain_words():
            return self.sql.exec_driver_sql(sql, tuple(values))

    def execute_many(self, sql: str, rows: list[tuple[Any, ...]]) -> int:
        """Run one statement for every row; returns how many table rows it changed."""
        with self._in_plain_words():
            return self.sql.exec_driver_sql(sql, rows).rowcount

    @property
    def _driver(self) -> sqlite3.Connection:
        driver = self.sql.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - made by _open, for the type checker
        return driver

    def _open(self) -> sqlite3.Connection:
        # Another thread interrupts it, hence the switched-off check; only one thread ever runs statements.
        driver = sqlite3.connect(
            self._path.as_uri() + "?mode=rwc", uri=True, check_same_thread=False, timeout=LOCK_PATIENCE_S
        )
        # An interrupt between two statements is lost; the flag is not.
        driver.set_progress_handler(lambda: self._is_interrupted, _STEPS_BETWEEN_CHECKS)
        return driver

    def _began(self, is_last_try: bool) -> bool:
        try:
            self.sql.exec_driver_sql("BEGIN IMMEDIATE")
        except DBAPIError as error:
            if _code(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) and not is_last_try:
                return False
            raise self._failure(error) from error
        return True

    @contextmanager
    def _in_plain_words(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._failure(error) from error
        except sqlite3.Error as error:
            raise NodeError(f"the target database {self.name} failed: {error}") from error
        except (UnicodeEncodeError, OverflowError) as error:
            raise RowRefused("TYPE_MISMATCH", f"a value cannot be stored: {error}") from error

    def _failure(self, error: DBAPIError) -> Exception:
        code, reason = _code(error), str(error.orig)
        if code in _REFUSED or code.startswith("SQLITE_CONSTRAINT"):
            return RowRefused(_REFUSED.get(code, "CONSTRAINT"), reason)
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            what = (
                f"is locked by another program for more than {LOCK_PATIENCE_S:g} s; end its transaction, then run again"
            )
            return NodeError(f"the target database {self.name} {what}")
        base = "_".join(code.split("_")[:2])
        return NodeError(f"the target database {self.name} {_FAILED.get(base, f'failed: {reason}')}")


def _code(error: DBAPIError) -> str:
    if getattr(error.orig, "sqlite_errorcode", 0) == _CONSTRAINT_DATATYPE:
        return "SQLITE_CONSTRAINT_DATATYPE"
    return str(getattr(error.orig, "sqlite_errorname", ""))
