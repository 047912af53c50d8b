"""The target table: found or created, with its columns and its keys (finedatalink-tasks.md section 7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    DECIMAL,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Double,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Text,
    Time,
)
from sqlalchemy import Column as SqlColumn
from sqlalchemy import (
    Table as SqlTable,
)
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import TypeEngine

from ..domain.states import Level
from .column_types import Column, guessed
from .context import NodeContext
from .errors import NodeError
from .json_table import Table
from .sqlite_database import RowRefused, SqliteDatabase
from .target_settings import FieldMapping, TargetField, TargetSettings

_GUESSED_ROWS = 1000
_MAX_COLUMNS = 2000
_TYPES: dict[str, type[TypeEngine[Any]]] = {
    "BIGINT": BigInteger,
    "INTEGER": Integer,
    "SMALLINT": SmallInteger,
    "DOUBLE": Double,
    "BOOLEAN": Boolean,
    "TEXT": Text,
    "DATE": Date,
    "TIME": Time,
    "DATETIME": DateTime,
}


@dataclass(frozen=True, slots=True)
class TargetTable:
    """A table as it is in the database. `unique` holds every set of columns that identifies a row."""

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    unique: tuple[frozenset[str], ...] = ()

    def column(self, name: str) -> Column | None:
        """Return the column of this name: the exact one, else the one that differs in case only."""
        exact = next((column for column in self.columns if column.name == name), None)
        return exact or next((column for column in self.columns if column.name.lower() == name.lower()), None)


def find_table(database: SqliteDatabase, name: str) -> TargetTable | None:
    """Return the table of this name as the database describes it, or None."""
    rows = database.execute(
        "SELECT name, type, pk FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid", (name,)
    ).all()
    if not rows:
        return None
    key = tuple(row.name for row in sorted(rows, key=lambda row: row.pk) if row.pk)
    return TargetTable(name, tuple(Column(row.name, row.type) for row in rows), key, _unique(database, name))


def _unique(database: SqliteDatabase, name: str) -> tuple[frozenset[str], ...]:
    rows = database.execute(
        "SELECT list.name AS index_name, info.name AS column_name"
        " FROM pragma_index_list(?) AS list, pragma_index_info(list.name) AS info"
        ' WHERE list."unique" = 1 AND list.partial = 0',
        (name,),
    ).all()
    indexes: dict[str, list[str | None]] = {}
    for row in rows:
        indexes.setdefault(row.index_name, []).append(row.column_name)
    return tuple(frozenset(map(str, columns)) for columns in indexes.values() if None not in columns)


def require_table(database: SqliteDatabase, settings: TargetSettings) -> TargetTable | None:
    """Return the table rows will go to, None when it is still to be created; raises NodeError when it must exist."""
    table = find_table(database, settings.table)
    if table is None and settings.mode == "EXISTING":
        raise NodeError(
            f"table '{settings.table}' does not exist in {settings.connection}; create it, or choose AUTO_CREATE"
        )
    if table is None and settings.create_sql:
        return _created(database, settings, settings.create_sql)
    if table is None and settings.fields:
        return create_table(database, settings, settings.fields)
    return table


def create_table(database: SqliteDatabase, settings: TargetSettings, columns: Sequence[TargetField]) -> TargetTable:
    """Create the table with these columns; raises NodeError when the database refuses."""
    if not 0 < len(columns) <= _MAX_COLUMNS:
        raise NodeError(f"a table of {len(columns)} columns cannot be created (1 to {_MAX_COLUMNS})")
    table = SqlTable(
        settings.table,
        MetaData(),
        *(
            SqlColumn(
                column.name,
                _sql_type(column),
                primary_key=column.primary_key,
                nullable=not (column.not_null or column.primary_key),
                autoincrement=False,
            )
            for column in columns
        ),
    )
    statement = CreateTable(table, if_not_exists=True).compile(dialect=database.sql.dialect)
    return _created(database, settings, str(statement).strip())


def _created(database: SqliteDatabase, settings: TargetSettings, sql: str) -> TargetTable:
    database.begin()
    try:
        database.execute(sql)
    except RowRefused as refused:
        raise NodeError(f"table '{settings.table}' cannot be created: {refused.reason}") from refused
    database.commit()
    table = find_table(database, settings.table)
    if table is None:
        raise NodeError(f"createSql has not created the table '{settings.table}'")
    return table


def guess_columns(page: Table, mapping: FieldMapping, keys: Sequence[str], context: NodeContext) -> list[TargetField]:
    """Guess the columns of a table from its first rows, one for each mapped (or, without a mapping, each) field."""
    wanted = {key.lower() for key in keys}
    columns: dict[str, TargetField] = {}
    for source, target in mapping or tuple((name, name) for name in page.names):
        if target.lower() in columns:
            context.log(Level.WARN, f"field '{source}' is left out: its name differs from another one's in case only")
            continue
        values = page.raw(source, 0, _GUESSED_ROWS)
        columns[target.lower()] = guessed(target, values, target.lower() in wanted)
    return list(columns.values())


def _sql_type(column: TargetField) -> TypeEngine[Any]:
    if column.type == "VARCHAR":
        return String(column.length or 255)
    if column.type == "DECIMAL":
        precision = 10 if column.precision is None else column.precision
        return DECIMAL(column.length or 38, precision)
    return _TYPES[column.type]()
