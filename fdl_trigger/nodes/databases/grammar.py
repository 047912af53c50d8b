"""The SQL texts for writing rows, as each database wants them; every name is quoted, every value a marker."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import MetaData
from sqlalchemy import Table as SqlTable
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Column as SqlColumn
from sqlalchemy.schema import CreateTable

from ..column_types import Column
from ..target_settings import TargetField
from .sql_types import sql_type


class Grammar(ABC):
    """How one kind of database says things, for `execute` and `execute_many`.

    `dialect` must not be one that doubles `%` itself.
    """

    marker: ClassVar[str] = "%s"
    position: ClassVar[str] = "%s"  # the marker of a row's position
    max_values: ClassVar[int] = 32_000  # bound values in one statement
    name_limit: ClassVar[int] = 128  # in bytes
    max_columns: ClassVar[int] = 1600
    table_options: ClassVar[dict[str, Any]] = {}

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def plain_quote(self, name: str) -> str:
        """Return an identifier, quoted for `execute_text`."""
        return self._dialect.identifier_preparer.quote_identifier(name)

    def quote(self, name: str) -> str:
        """Return an identifier, quoted for a statement with markers."""
        quoted = self.plain_quote(name)
        return quoted.replace("%", "%%") if self.marker == "%s" else quoted

    def quotes(self, names: Sequence[str]) -> str:
        """Return identifiers, quoted, between commas."""
        return ", ".join(map(self.quote, names))

    def marks(self, count: int) -> str:
        """Return so many markers between commas."""
        return ", ".join([self.marker] * count)

    def insert(self, table: str, columns: Sequence[str]) -> str:
        """INSERT of one row."""
        return f"INSERT INTO {self.quote(table)} ({self.quotes(columns)}) VALUES ({self.marks(len(columns))})"

    def upsert(self, table: str, columns: Sequence[str], key: Sequence[str], conflict: str) -> str:
        """INSERT of one row that updates or skips on an equal key."""
        start = f"{self.insert(table, columns)} ON CONFLICT ({self.quotes(key)}) DO"
        if conflict == "SKIP":
            return f"{start} NOTHING"
        updated = [name for name in columns if name not in key] or list(key)
        settings = ", ".join(f"{self.quote(name)} = excluded.{self.quote(name)}" for name in updated)
        return f"{start} UPDATE SET {settings}"

    def count_keys(self, table: str, key: Sequence[Column], rows: int) -> str:
        """SELECT of how many rows of the table have one of so many keys."""
        marks = ", ".join([f"({self._compared(key)})"] * rows)
        names = self.quotes([column.name for column in key])
        return f"SELECT count(*) FROM {self.quote(table)} WHERE ({names}) IN ({self.listed(marks)})"

    def listed(self, marks: str) -> str:
        """Return a list of row values as IN takes it."""
        return f"VALUES {marks}"

    @abstractmethod
    def match_keys(self, table: str, key: Sequence[Column], identity: Sequence[str], rows: int) -> str:
        """SELECT of (position, identity...) of the rows that have one of so many (position, key...)."""

    def update_row(self, table: str, columns: Sequence[str], identity: Sequence[str]) -> str:
        """UPDATE of the row of an identity, bound last."""
        settings = ", ".join(f"{self.quote(name)} = {self.marker}" for name in columns)
        return f"UPDATE {self.quote(table)} SET {settings} WHERE {self.identified(identity)}"

    def identified(self, identity: Sequence[str]) -> str:
        """Return the condition that picks one row."""
        return " AND ".join(f"{self.quote(name)} = {self.marker}" for name in identity)

    def create_table(self, table: str, columns: Sequence[TargetField]) -> str:
        """CREATE TABLE, for `execute_text`."""
        described = (
            SqlColumn(
                column.name,
                sql_type(column),
                primary_key=column.primary_key,
                nullable=not (column.not_null or column.primary_key),
                autoincrement=False,
            )
            for column in columns
        )
        statement = CreateTable(SqlTable(table, MetaData(), *described, **self.table_options), if_not_exists=True)
        return str(statement.compile(dialect=self._dialect)).strip()

    def _compared(self, key: Sequence[Column]) -> str:
        return ", ".join(self.compared(column) for column in key)

    def compared(self, column: Column) -> str:
        """Return a marker as it is compared with a column."""
        return column.compared.replace("{}", self.marker) if column.compared else self.marker

    def _batch_of_values(self, key: Sequence[Column], rows: int) -> str:
        names = ", ".join(f"k{index}" for index in range(len(key)))
        marks = ", ".join([f"({self.position}, {self._compared(key)})"] * rows)
        return f"WITH batch (position, {names}) AS (VALUES {marks})"

    def _joined(self, key: Sequence[Column]) -> str:
        return " AND ".join(f"t.{self.quote(column.name)} = batch.k{index}" for index, column in enumerate(key))
