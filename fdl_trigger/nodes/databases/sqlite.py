"""A SQLite file: patience with locks, interruption, errors in plain words."""

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from ..column_types import Column
from ..context import NodeContext
from . import database as patience
from .binding import STANDARD
from .database import Database, Row, RowRefused, Rows
from .spool import Spool
from .sqlite_grammar import SqliteGrammar
from .table import TargetTable

_LOCK_POLL_S = 0.05
_STEPS_BETWEEN_CHECKS = 100_000  # of SQLite's virtual machine, some milliseconds
_CONSTRAINT_DATATYPE = 3091  # of STRICT tables; Python 3.11 has no name for it
_OWN_FILES = ("", ":memory:")
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
    "SQLITE_AUTH": "does not allow this statement; other files are out of reach",
    "SQLITE_FULL": "is full; free space on its disk or raise its size limit, then run again",
    "SQLITE_CANTOPEN": "cannot be opened; its directory must exist and the service's user must be able to write there",
    "SQLITE_NOTADB": "is not a SQLite database; check the path of the connection",
    "SQLITE_CORRUPT": "is damaged; restore it from a backup",
    "SQLITE_IOERR": "cannot be read or written (I/O error); check its disk",
    "SQLITE_INTERRUPT": "was interrupted",
}


class SqliteDatabase(Database):
    """A SQLite file; see Database. The settings are those of SqliteConnectionSchema."""

    kind = "sqlite"
    lexicon = STANDARD
    truncates = False
    column_type = Column
    errors: ClassVar[tuple[type[Exception], ...]] = (sqlite3.Error,)

    def __init__(self, name: str, settings: Mapping[str, Any], context: NodeContext) -> None:
        super().__init__(name, SqliteGrammar(), context)
        self._path = Path(settings["path"]).absolute()
        self._is_interrupted = False
        with self.in_plain_words():
            self._driver = self._open()
        if settings["maxPages"]:
            self.execute(f"PRAGMA max_page_count = {settings['maxPages']}")

    @property
    def driver(self) -> sqlite3.Connection:
        """See Database."""
        return self._driver

    @property
    def in_transaction(self) -> bool:
        """See Database."""
        return self._driver.in_transaction

    def close(self) -> None:
        """See Database."""
        self.rollback()
        self._driver.close()

    def interrupt(self) -> None:
        """See Database."""
        self._is_interrupted = True
        self._driver.interrupt()

    def begin(self) -> None:
        """Start a writing transaction, waiting for a lock up to LOCK_PATIENCE_S; raises Stopped meanwhile."""
        give_up = time.monotonic() + patience.LOCK_PATIENCE_S
        self.execute("PRAGMA busy_timeout = 0")
        while not self._began(is_last_try=time.monotonic() >= give_up):
            self.context.sleep(_LOCK_POLL_S)
        self.execute(f"PRAGMA busy_timeout = {round(patience.LOCK_PATIENCE_S * 1000)}")

    def rollback(self) -> None:
        """See Database."""
        if self._driver.in_transaction:
            with suppress(sqlite3.Error):  # the transaction ends with the connection anyway
                self._driver.execute("ROLLBACK")

    def serialise(self, table: str) -> None:
        """Nothing: a writing transaction is alone in its file."""

    def describe(self, table: str) -> TargetTable | None:
        """See Database."""
        rows = self.execute(
            "SELECT name, type, pk FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid", (table,)
        ).rows
        if not rows:
            return None
        key = tuple(name for name, _, pk in sorted(rows, key=lambda row: int(row[2])) if pk)
        columns = tuple(Column(name, declared) for name, declared, _ in rows)
        # SQLite has three names for the number of a row, and a column of that name hides it.
        taken = {column.name.lower() for column in columns}
        rowid = next((name for name in ("rowid", "_rowid_", "oid") if name not in taken), "rowid")
        return TargetTable(table, columns, key, self._unique(table), (rowid,))

    @contextmanager
    def query(self, sql: str, values: Sequence[Any], fetch_size: int) -> Iterator[Rows]:
        """See Database. Outside WAL mode an open query bars every writer, so its rows are laid aside first."""
        with self.in_plain_words(), closing(self._driver.cursor()) as cursor:
            self._driver.set_authorizer(_within_the_file)
            cursor.execute(sql, tuple(values))
            names = tuple(column[0] for column in cursor.description or ())
            if not names or self._driver.in_transaction or self._journal() == "wal":
                yield _SqliteRows(self, cursor, names, fetch_size)
                return
            with Spool() as spool:
                spool.fill(iter(lambda: cursor.fetchmany(fetch_size), []))
                yield _SpooledRows(names, spool)

    def failure(self, error: Exception) -> Exception:
        """See Database."""
        code, reason = _code(error), str(error)
        if code in _REFUSED or code.startswith("SQLITE_CONSTRAINT"):
            return RowRefused(_REFUSED.get(code, "CONSTRAINT"), reason)
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return self.lost(f"{self.locked()}; end its transaction, then run again")
        base = "_".join(code.split("_")[:2])
        return self.lost(_FAILED.get(base, f"failed: {reason}"))

    def _open(self) -> sqlite3.Connection:
        # Another thread interrupts it, hence the switched-off check; only one thread ever runs statements.
        driver = sqlite3.connect(
            self._path.as_uri() + "?mode=rwc",
            uri=True,
            check_same_thread=False,
            timeout=patience.LOCK_PATIENCE_S,
            isolation_level=None,
        )
        # An interrupt between two statements is lost; the flag is not.
        driver.set_progress_handler(lambda: self._is_interrupted, _STEPS_BETWEEN_CHECKS)
        return driver

    def _began(self, is_last_try: bool) -> bool:
        try:
            self._driver.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            if _code(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) and not is_last_try:
                return False
            raise self.failure(error) from None
        return True

    def _journal(self) -> str:
        return str(self._driver.execute("PRAGMA journal_mode").fetchone()[0])

    def _unique(self, table: str) -> tuple[frozenset[str], ...]:
        rows = self.execute(
            "SELECT list.name AS index_name, info.name AS column_name"
            " FROM pragma_index_list(?) AS list, pragma_index_info(list.name) AS info"
            ' WHERE list."unique" = 1 AND list.partial = 0',
            (table,),
        ).rows
        indexes: dict[str, list[str | None]] = {}
        for index, column in rows:
            indexes.setdefault(index, []).append(column)
        return tuple(frozenset(map(str, columns)) for columns in indexes.values() if None not in columns)


class _SqliteRows:
    def __init__(self, database: SqliteDatabase, cursor: sqlite3.Cursor, names: tuple[str, ...], size: int) -> None:
        self.names = names
        self.changed = cursor.rowcount
        self._database = database
        self._cursor = cursor
        self._size = size

    def fetch(self) -> list[Row]:
        with self._database.in_plain_words():
            return self._cursor.fetchmany(self._size) if self.names else []


class _SpooledRows:
    def __init__(self, names: tuple[str, ...], spool: Spool) -> None:
        self.names = names
        self.changed = -1
        self.fetch = spool.fetch


def _within_the_file(action: int, first: str | None, *_: str | None) -> int:
    """Keep statements of tasks from opening other files of the service's machine; VACUUM attaches a nameless one."""
    is_allowed = action != sqlite3.SQLITE_ATTACH or first in _OWN_FILES
    return sqlite3.SQLITE_OK if is_allowed else sqlite3.SQLITE_DENY


def _code(error: Exception) -> str:
    if getattr(error, "sqlite_errorcode", 0) == _CONSTRAINT_DATATYPE:
        return "SQLITE_CONSTRAINT_DATATYPE"
    return str(getattr(error, "sqlite_errorname", ""))
