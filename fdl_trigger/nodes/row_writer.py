"""Writes pages of rows into a table: batches, dirty rows, counts (finedatalink-tasks.md section 8)."""

from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

from ..domain.records import Connection, Counts
from ..domain.states import Level
from .column_types import Column, Misfit, readable, storable
from .context import NodeContext
from .databases import RowRefused, TargetTable, open_database
from .errors import BuildError, NodeError
from .json_table import Table
from .key_strategies import KeyStrategy, Row, strategy_for
from .table_target import create_table, guess_columns, require_table
from .target_settings import FieldMapping, TargetSettings, WriteSettings


@dataclass(frozen=True, slots=True)
class Route:
    """How rows of the fields seen so far get into the table: source names beside their columns."""

    sources: tuple[str, ...]
    columns: tuple[Column, ...]
    strategy: KeyStrategy
    key: tuple[int, ...]


class RowWriter:
    """Writes the rows of one node run. Use as a context manager; leaving it by an error drops what is not committed.

    Raises NodeError when the table or a mapped column is missing, or the database fails.
    """

    def __init__(
        self,
        connection: Connection,
        target: TargetSettings,
        mapping: FieldMapping,
        write: WriteSettings,
        context: NodeContext,
    ) -> None:
        self._target = target
        self._mapping = mapping
        self._write = write
        self._context = context
        self._counts = Counts()
        self._kept = Counts()  # as far as committed
        self._fields: dict[str, None] = {}
        self._route: Route | None = None
        self._is_emptied = write.method != "EMPTY_THEN_WRITE"
        self._is_open = False
        self._database = open_database(connection, context)
        try:
            self._check_clearing()
            with context.on_stop(self._database.interrupt):
                self._table = require_table(self._database, target)
            self._check_mapping()
        except BaseException as error:
            self._database.__exit__(type(error), error, None)
            raise

    def __enter__(self) -> "RowWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.__exit__(kind, error, trace)
        if error is not None:
            self._context.progress(self.kept)

    @property
    def counts(self) -> Counts:
        """The totals so far, work that is not committed yet included."""
        return self._counts

    @property
    def kept(self) -> Counts:
        """The totals as the table shows them: rows written count once they are committed."""
        seen = self._counts
        return replace(self._kept, pages=seen.pages, read=seen.read, dirty=seen.dirty)

    def write(self, page: Table) -> None:
        """Write one page, in batches; a first page empties the table if that is the method."""
        self._counts += Counts(pages=1, read=len(page))
        with self._context.on_stop(self._database.interrupt):
            self._prepare(page)
            for start in range(0, len(page), self._write.batch_size):
                self._context.check()
                self._write_batch(page, start)
            if not self._is_emptied and self._table is not None:
                self._begin()
                self._commit_batch()
        if self._write.transaction or not len(page):
            self._context.progress(self._counts)

    def finish(self) -> Counts:
        """Commit what one transaction held together and return the totals."""
        with self._context.on_stop(self._database.interrupt):
            if self._is_open:
                self._database.commit()
                self._is_open = False
        self._kept = self._counts
        return self._counts

    def _check_clearing(self) -> None:
        if self._write.clearing != "TRUNCATE":
            return
        if not self._database.truncates:
            raise BuildError(f"a database of kind {self._database.kind} has no TRUNCATE; take clearing DELETE")
        if self._write.transaction and self._database.truncate_is_final:
            raise BuildError(f"TRUNCATE cannot be undone in {self._database.kind}; take DELETE, or no transaction")

    def _check_mapping(self) -> None:
        if self._table is None:
            return
        for _, name in self._mapping:
            if self._table.column(name) is None:
                raise NodeError(f"target field missing: table '{self._table.name}' has no column '{name}'")

    def _prepare(self, page: Table) -> None:
        if not len(page):
            return
        if self._table is None:
            holds = self._database.column_type.holds
            columns = guess_columns(page, self._mapping, self._write.keys, holds, self._context)
            self._table = create_table(self._database, self._target, columns)
            self._check_mapping()
            self._context.log(Level.INFO, f"created table {self._target.table}")
        if self._adds_fields(page, self._table) or self._route is None:
            self._route = self._routed(self._table)
            self._context.log(Level.INFO, self._route.strategy.sql)

    def _adds_fields(self, page: Table, table: TargetTable) -> bool:
        if self._mapping:
            return False
        columns = {column.name.lower() for column in table.columns}
        known = len(self._fields)
        self._fields.update((name, None) for name in page.names if name.lower() in columns)
        return len(self._fields) > known

    def _routed(self, table: TargetTable) -> Route:
        pairs: dict[str, tuple[str, Column]] = {}
        for source, target in self._mapping or tuple((name, name) for name in self._fields):
            column = table.column(target)
            if column is not None and (column.name not in pairs or source == column.name):
                pairs[column.name] = (source, column)
        if not pairs:
            raise NodeError(f"no field of the source has the name of a column of table '{table.name}'; add a mapping")
        sources, columns = zip(*pairs.values(), strict=True)
        strategy, key = strategy_for(self._database, table, [column.name for column in columns], self._write)
        return Route(sources, columns, strategy, key)

    def _write_batch(self, page: Table, start: int) -> None:
        route = self._route
        assert route is not None  # noqa: S101 - made by _prepare, for the type checker
        rows, misfits = _fitted(route, page, start, start + self._write.batch_size)
        self._begin()
        for position, misfit in sorted(misfits.items()):
            self._dirty(page, start + position, misfit.kind, misfit.reason)
        fitting = (
            [position for position in range(len(rows)) if position not in misfits] if misfits else range(len(rows))
        )
        batch = [rows[position] for position in fitting] if misfits else rows
        if batch:
            try:
                self._counts += self._try(route, batch)
            except RowRefused:
                self._replay(route, page, batch, [start + position for position in fitting])
        self._commit_batch()

    def _try(self, route: Route, rows: list[Row]) -> Counts:
        with self._database.savepoint():
            return route.strategy.write(rows)

    def _replay(self, route: Route, page: Table, rows: list[Row], positions: list[int]) -> None:
        for row, position in zip(rows, positions, strict=True):
            try:
                self._counts += self._try(route, [row])
            except RowRefused as refused:
                self._context.check()
                self._dirty(page, position, refused.kind, refused.reason)

    def _dirty(self, page: Table, position: int, kind: str, reason: str) -> None:
        self._counts += Counts(dirty=1)
        self._context.dirty(kind, storable(reason), readable(page.row(position)))

    def _begin(self) -> None:
        if not self._is_open:
            self._database.begin()
            self._is_open = True
        if not self._is_emptied:
            self._empty()

    def _empty(self) -> None:
        assert self._table is not None  # noqa: S101 - asked by the callers, for the type checker
        name = self._table.name
        if self._write.clearing == "TRUNCATE":
            self._database.execute_text(f"TRUNCATE TABLE {self._database.grammar.plain_quote(name)}")
            done = f"truncated table {name}"
        else:
            deleted = self._database.execute(f"DELETE FROM {self._database.grammar.quote(name)}").changed
            done = f"emptied table {name} of {deleted} rows"
        self._is_emptied = True
        if not self._database.in_transaction:  # TRUNCATE has ended it
            self._database.begin()
        self._context.log(Level.INFO, done)

    def _commit_batch(self) -> None:
        if self._write.transaction:
            return
        self._database.commit()
        self._is_open = False
        self._kept = self._counts
        self._context.progress(self._counts)


def _fitted(route: Route, page: Table, start: int, stop: int) -> tuple[list[Row], dict[int, Misfit]]:
    columns: list[list[Any]] = []
    misfits: dict[int, Misfit] = {}
    for source, column in zip(route.sources, route.columns, strict=True):
        cells, unfit = column.fit(page.raw(source, start, stop))
        columns.append(cells)
        misfits = {**unfit, **misfits}
    for position in route.key:
        name = route.columns[position].name
        nulls = (index for index, cell in enumerate(columns[position]) if cell is None and index not in misfits)
        misfits.update({index: Misfit("NOT_NULL", f"the key column {name} must not be NULL") for index in nulls})
    return list(zip(*columns, strict=True)), misfits
