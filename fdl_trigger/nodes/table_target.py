"""The target table: found or created, with its columns and its keys (finedatalink-tasks.md section 7)."""

from collections.abc import Sequence

from ..domain.states import Level
from .column_types import Holds, guessed
from .context import NodeContext
from .databases import Database, RowRefused, TargetTable
from .errors import NodeError
from .json_table import Table
from .target_settings import FieldMapping, TargetField, TargetSettings

_GUESSED_ROWS = 1000


def require_table(database: Database, settings: TargetSettings) -> TargetTable | None:
    """Return the table rows will go to, None when it is still to be created; raises NodeError when it must exist."""
    table = database.describe(settings.table)
    if table is None and settings.mode == "EXISTING":
        raise NodeError(
            f"table '{settings.table}' does not exist in {settings.connection}; create it, or choose AUTO_CREATE"
        )
    if table is None and settings.create_sql:
        return _created(database, settings, settings.create_sql)
    if table is None and settings.fields:
        return create_table(database, settings, settings.fields)
    return table


def create_table(database: Database, settings: TargetSettings, columns: Sequence[TargetField]) -> TargetTable:
    """Create the table with these columns; raises NodeError when the database refuses."""
    most = database.grammar.max_columns
    if not 0 < len(columns) <= most:
        raise NodeError(f"a table of {len(columns)} columns cannot be created (1 to {most})")
    for name in (settings.table, *(column.name for column in columns)):
        if len(name.encode("utf-8", "replace")) > database.grammar.name_limit:
            raise NodeError(f"'{name}' is too long a name for {settings.connection}; map it to another one")
    return _created(database, settings, database.grammar.create_table(settings.table, columns))


def _created(database: Database, settings: TargetSettings, sql: str) -> TargetTable:
    database.begin()
    try:
        database.execute_text(sql)
    except RowRefused as refused:
        raise NodeError(f"table '{settings.table}' cannot be created: {refused.reason}") from refused
    database.commit()
    table = database.describe(settings.table)
    if table is None:
        raise NodeError(f"createSql has not created the table '{settings.table}'")
    return table


def guess_columns(
    page: Table, mapping: FieldMapping, keys: Sequence[str], holds: Holds, context: NodeContext
) -> list[TargetField]:
    """Guess the columns of a table from its first rows, one for each mapped (or, without a mapping, each) field."""
    wanted = {key.lower() for key in keys}
    columns: dict[str, TargetField] = {}
    for source, target in mapping or tuple((name, name) for name in page.names):
        if target.lower() in columns:
            context.log(Level.WARN, f"field '{source}' is left out: its name differs from another one's in case only")
            continue
        values = page.raw(source, 0, _GUESSED_ROWS)
        columns[target.lower()] = guessed(target, values, target.lower() in wanted, holds)
    return list(columns.values())
