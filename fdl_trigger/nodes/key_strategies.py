"""What happens to a batch of rows, by the key of the table and the conflict strategy (section 8)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any, Protocol

from ..domain.records import Counts
from .errors import NodeError
from .sqlite_database import RowRefused, SqliteDatabase
from .table_target import TargetTable
from .target_settings import WriteSettings

Row = tuple[Any, ...]
_MAX_VALUES = 32_000  # SQLite takes 32,766 bound values in one statement


class KeyStrategy(Protocol):
    """Writes batches of rows inside an open transaction; `sql` is the statement that writes a row."""

    sql: str

    def write(self, rows: list[Row]) -> Counts:
        """Write the rows; raises RowRefused when one of them is dirty (nothing tells which)."""


def strategy_for(
    database: SqliteDatabase, table: TargetTable, columns: Sequence[str], write: WriteSettings
) -> tuple[KeyStrategy, tuple[int, ...]]:
    """Choose the strategy for rows of these columns; also returns the positions of the key among them.

    The physical key counts when all of it is written, else the logical one; without a key every row is inserted.
    """
    statements = Statements(database, table.name, tuple(columns), _rowid(table))
    physical = bool(table.primary_key) and set(table.primary_key) <= set(columns)
    key = table.primary_key if physical else _logical_key(table, columns, write.keys)
    positions = tuple(columns.index(name) for name in key)
    if not key or (write.conflict == "DIRTY" and (physical or frozenset(key) in table.unique)):
        return InsertOnly(database, statements), positions
    if physical or frozenset(key) in table.unique:
        return UniqueKey(database, statements, key, positions, write.conflict), positions
    return LogicalKey(database, statements, key, positions, write.conflict), positions


def _rowid(table: TargetTable) -> str:
    # SQLite has three names for it, and a column of that name hides it.
    taken = {column.name.lower() for column in table.columns}
    return next((name for name in ("rowid", "_rowid_", "oid") if name not in taken), "rowid")


def _logical_key(table: TargetTable, columns: Sequence[str], keys: Sequence[str]) -> tuple[str, ...]:
    found = []
    for name in keys:
        column = table.column(name)
        if column is None or column.name not in columns:
            raise NodeError(f"key field '{name}' is not among the columns written to table '{table.name}'")
        found.append(column.name)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Statements:
    """The SQL texts for one table and one list of columns; every name is quoted."""

    database: SqliteDatabase
    name: str
    columns: tuple[str, ...]
    rowid: str = "rowid"

    def quote(self, name: str) -> str:
        """Return an identifier, quoted by the dialect."""
        return self.database.sql.dialect.identifier_preparer.quote_identifier(name)

    @property
    def table(self) -> str:
        """The quoted table name."""
        return self.quote(self.name)

    @property
    def insert(self) -> str:
        """INSERT of one row."""
        names = ", ".join(map(self.quote, self.columns))
        marks = ", ".join("?" * len(self.columns))
        return f"INSERT INTO {self.table} ({names}) VALUES ({marks})"

    def upsert(self, key: Sequence[str], conflict: str) -> str:
        """INSERT of one row that updates or skips on an equal key."""
        target = ", ".join(map(self.quote, key))
        if conflict == "SKIP":
            return f"{self.insert} ON CONFLICT ({target}) DO NOTHING"
        updated = [name for name in self.columns if name not in key] or list(key)
        settings = ", ".join(f"{self.quote(name)} = excluded.{self.quote(name)}" for name in updated)
        return f"{self.insert} ON CONFLICT ({target}) DO UPDATE SET {settings}"

    def count_keys(self, key: Sequence[str], rows: int) -> str:
        """SELECT of how many of so many keys are in the table."""
        names = ", ".join(map(self.quote, key))
        marks = ", ".join(["(" + ", ".join("?" * len(key)) + ")"] * rows)
        return f"SELECT count(*) FROM {self.table} WHERE ({names}) IN (VALUES {marks})"

    def match_keys(self, key: Sequence[str], rows: int) -> str:
        """SELECT of (position, rowid) for so many (position, key)."""
        names = ", ".join(f"k{index}" for index in range(len(key)))
        marks = ", ".join(["(" + ", ".join("?" * (len(key) + 1)) + ")"] * rows)
        same = " AND ".join(f"t.{self.quote(name)} = batch.k{index}" for index, name in enumerate(key))
        return (
            f"WITH batch (position, {names}) AS (VALUES {marks})"
            f" SELECT batch.position, t.{self.rowid} FROM {self.table} AS t JOIN batch ON {same}"
        )

    def update_rowid(self, columns: Sequence[str]) -> str:
        """UPDATE of one row by its rowid, the last value bound."""
        settings = ", ".join(f"{self.quote(name)} = ?" for name in columns)
        return f"UPDATE {self.table} SET {settings} WHERE {self.rowid} = ?"


class InsertOnly:
    """Every row is inserted; an equal key, if the table has one, makes the row dirty."""

    def __init__(self, database: SqliteDatabase, statements: Statements) -> None:
        self._database = database
        self.sql = statements.insert

    def write(self, rows: list[Row]) -> Counts:
        """Insert the rows."""
        self._database.execute_many(self.sql, rows)
        return Counts(inserted=len(rows))


class UniqueKey:
    """The database knows the key as unique: a native upsert, in order, so the last of several equal rows wins."""

    def __init__(
        self,
        database: SqliteDatabase,
        statements: Statements,
        key: Sequence[str],
        positions: Sequence[int],
        conflict: str,
    ) -> None:
        self._database = database
        self._statements = statements
        self._key = tuple(key)
        self._positions = positions
        self._conflict = conflict
        self.sql = statements.upsert(key, conflict)

    def write(self, rows: list[Row]) -> Counts:
        """Insert new keys; update or skip known ones."""
        if self._conflict == "SKIP":
            inserted = self._database.execute_many(self.sql, rows)
            return Counts(inserted=inserted, skipped=len(rows) - inserted)
        keys = list(dict.fromkeys(map(itemgetter(*self._positions), rows)))
        before = self._known(keys)
        self._database.execute_many(self.sql, rows)
        # Counted by the database, since only it knows which keys it takes for equal (NOCASE, 1 and '1').
        inserted = 0 if before == len(keys) else self._known(keys) - before
        return Counts(inserted=inserted, updated=len(rows) - inserted)

    def _known(self, keys: list[Any]) -> int:
        size = _MAX_VALUES // len(self._key)
        return sum(self._count(keys[start : start + size]) for start in range(0, len(keys), size))

    def _count(self, keys: list[Any]) -> int:
        sql = self._statements.count_keys(self._key, len(keys))
        values = keys if len(self._key) == 1 else list(chain.from_iterable(keys))
        return int(self._database.execute(sql, values).scalar_one())


class LogicalKey:
    """Nothing in the database enforces the key: look the batch up, then update by rowid or insert.

    Serialised per database by the writing transaction the batch runs in.
    """

    def __init__(
        self,
        database: SqliteDatabase,
        statements: Statements,
        key: Sequence[str],
        positions: Sequence[int],
        conflict: str,
    ) -> None:
        self._database = database
        self._statements = statements
        self._key = key
        self._positions = positions
        self._conflict = conflict
        self.sql = statements.insert
        self._updated = [index for index in range(len(statements.columns)) if index not in positions]

    def write(self, rows: list[Row]) -> Counts:
        """Insert new keys; update, skip or refuse known ones."""
        found = self._find(rows)
        fresh = [position for position in range(len(rows)) if position not in found]
        last = {self._key_of(rows[position]): position for position in fresh}
        repeats = len(rows) - len(last)
        if repeats and self._conflict == "DIRTY":
            raise RowRefused("KEY_CONFLICT", f"the key {', '.join(self._key)} is in the table already")
        if self._conflict == "SKIP":
            last = {self._key_of(rows[position]): position for position in reversed(fresh)}
            self._insert([rows[position] for position in sorted(last.values())])
            return Counts(inserted=len(last), skipped=repeats)
        self._update(rows, found)
        self._insert([rows[position] for position in last.values()])
        return Counts(inserted=len(last), updated=repeats)

    def _key_of(self, row: Row) -> Row:
        return tuple(row[position] for position in self._positions)

    def _find(self, rows: list[Row]) -> dict[int, list[int]]:
        size = _MAX_VALUES // (len(self._key) + 1)
        found: dict[int, list[int]] = {}
        for start in range(0, len(rows), size):
            for position, rowid in self._matches(rows[start : start + size], start):
                found.setdefault(position, []).append(rowid)
        return found

    def _matches(self, rows: list[Row], start: int) -> Iterator[tuple[int, int]]:
        sql = self._statements.match_keys(self._key, len(rows))
        values = [value for position, row in enumerate(rows, start) for value in (position, *self._key_of(row))]
        yield from map(tuple, self._database.execute(sql, values).all())

    def _insert(self, rows: list[Row]) -> None:
        if rows:
            self._database.execute_many(self.sql, rows)

    def _update(self, rows: list[Row], found: dict[int, list[int]]) -> None:
        names = [self._statements.columns[index] for index in self._updated]
        values = [
            (*[rows[position][index] for index in self._updated], rowid)
            for position in sorted(found)
            for rowid in found[position]
        ]
        if names and values:
            self._database.execute_many(self._statements.update_rowid(names), values)
