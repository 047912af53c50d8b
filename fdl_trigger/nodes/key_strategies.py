"""What happens to a batch of rows, by the key of the table and the conflict strategy (section 8)."""

from collections.abc import Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, Protocol

from ..domain.records import Counts
from .column_types import Column
from .databases import Database, RowRefused, TargetTable
from .errors import NodeError
from .target_settings import WriteSettings

Row = tuple[Any, ...]


class KeyStrategy(Protocol):
    """Writes batches of rows inside an open transaction; `sql` is the statement that writes a row."""

    sql: str

    def write(self, rows: list[Row]) -> Counts:
        """Write the rows; raises RowRefused when one of them is dirty (nothing tells which)."""


def strategy_for(
    database: Database, table: TargetTable, columns: Sequence[str], write: WriteSettings
) -> tuple[KeyStrategy, tuple[int, ...]]:
    """Choose the strategy for rows of these columns; also returns the positions of the key among them.

    The physical key counts when all of it is written, else the logical one; without a key every row is inserted.
    """
    physical = bool(table.primary_key) and set(table.primary_key) <= set(columns)
    key = table.primary_key if physical else _logical_key(table, columns, write.keys)
    positions = tuple(columns.index(name) for name in key)
    is_unique = bool(key) and (physical or frozenset(key) in table.unique)
    if not key or (write.conflict == "DIRTY" and is_unique):
        return InsertOnly(database, table.name, columns), positions
    if is_unique and database.upserts_on(table, key):
        return UniqueKey(database, table, columns, positions, write.conflict), positions
    return LogicalKey(database, table, columns, positions, write.conflict), positions


def _logical_key(table: TargetTable, columns: Sequence[str], keys: Sequence[str]) -> tuple[str, ...]:
    found = []
    for name in keys:
        column = table.column(name)
        if column is None or column.name not in columns:
            raise NodeError(f"key field '{name}' is not among the columns written to table '{table.name}'")
        found.append(column.name)
    return tuple(found)


class InsertOnly:
    """Every row is inserted; an equal key, if the table has one, makes the row dirty."""

    def __init__(self, database: Database, table: str, columns: Sequence[str]) -> None:
        self._database = database
        self.sql = database.grammar.insert(table, columns)

    def write(self, rows: list[Row]) -> Counts:
        """Insert the rows."""
        self._database.execute_many(self.sql, rows)
        return Counts(inserted=len(rows))


class UniqueKey:
    """The table itself keeps the key unique: the dialect's upsert."""

    def __init__(
        self, database: Database, table: TargetTable, columns: Sequence[str], positions: Sequence[int], conflict: str
    ) -> None:
        self._database = database
        self._table = table
        self._key = _columns(table, columns, positions)
        self._positions = positions
        self._conflict = conflict
        self.sql = database.grammar.upsert(table.name, columns, [column.name for column in self._key], conflict)

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
        size = self._database.grammar.max_values // len(self._key)
        return sum(self._count(keys[start : start + size]) for start in range(0, len(keys), size))

    def _count(self, keys: list[Any]) -> int:
        sql = self._database.grammar.count_keys(self._table.name, self._key, len(keys))
        values = keys if len(self._key) == 1 else list(chain.from_iterable(keys))
        return int(self._database.execute(sql, values).rows[0][0])


class LogicalKey:
    """Nothing in the database serves the key alone: look the batch up, then update row by row or insert.

    Serialised per table for the transaction the batch runs in.
    """

    def __init__(
        self, database: Database, table: TargetTable, columns: Sequence[str], positions: Sequence[int], conflict: str
    ) -> None:
        self._database = database
        self._table = table
        self._key = _columns(table, columns, positions)
        self._identity = table.identity or tuple(column.name for column in self._key)
        self._positions = positions
        self._conflict = conflict
        self.sql = database.grammar.insert(table.name, columns)
        self._updated = [index for index in range(len(columns)) if index not in positions]
        self._update_sql = database.grammar.update_row(
            table.name, [columns[index] for index in self._updated], self._identity
        )

    def write(self, rows: list[Row]) -> Counts:
        """Insert new keys; update, skip or refuse known ones."""
        self._database.serialise(self._table.name)
        found = self._find(rows)
        fresh = [position for position in range(len(rows)) if position not in found]
        last = {self._key_of(rows[position]): position for position in fresh}
        repeats = len(rows) - len(last)
        if repeats and self._conflict == "DIRTY":
            names = ", ".join(column.name for column in self._key)
            raise RowRefused("KEY_CONFLICT", f"the key {names} is in the table already")
        if self._conflict == "SKIP":
            last = {self._key_of(rows[position]): position for position in reversed(fresh)}
            self._insert([rows[position] for position in sorted(last.values())])
            return Counts(inserted=len(last), skipped=repeats)
        self._update(rows, found)
        self._insert([rows[position] for position in last.values()])
        return Counts(inserted=len(last), updated=repeats)

    def _key_of(self, row: Row) -> Row:
        return tuple(row[position] for position in self._positions)

    def _find(self, rows: list[Row]) -> dict[int, list[Row]]:
        size = self._database.grammar.max_values // (len(self._key) + 1)
        found: dict[int, list[Row]] = {}
        for start in range(0, len(rows), size):
            for position, *identity in self._matches(rows[start : start + size], start):
                found.setdefault(int(position), []).append(tuple(identity))
        return found

    def _matches(self, rows: list[Row], start: int) -> list[Row]:
        sql = self._database.grammar.match_keys(self._table.name, self._key, self._identity, len(rows))
        values = [value for position, row in enumerate(rows, start) for value in (position, *self._key_of(row))]
        return self._database.execute(sql, values).rows

    def _insert(self, rows: list[Row]) -> None:
        if rows:
            self._database.execute_many(self.sql, rows)

    def _update(self, rows: list[Row], found: dict[int, list[Row]]) -> None:
        # A row is updated once, by the last of the batch: in PostgreSQL an update moves it.
        last = {identity: rows[position] for position in sorted(found) for identity in found[position]}
        values = [(*[row[index] for index in self._updated], *identity) for identity, row in last.items()]
        if self._updated and values:
            self._database.execute_many(self._update_sql, values)


def _columns(table: TargetTable, columns: Sequence[str], positions: Sequence[int]) -> tuple[Column, ...]:
    names = {columns[position] for position in positions}
    found = {column.name: column for column in table.columns if column.name in names}
    return tuple(found[columns[position]] for position in positions)
