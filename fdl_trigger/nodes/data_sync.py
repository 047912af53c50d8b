"""DATA_SYNC: from one source to one table, without transformation (finedatalink-tasks.md sections 5 to 8)."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from ..domain.records import Counts
from ..domain.states import Level
from .context import NodeContext
from .errors import NodeError
from .row_sources import ChosenSource, Source
from .target_schemas import MappingRowSchema, TableTargetSchema, WriteSchema, mapping_is_clear
from .target_settings import WriteSettings


class DataSyncSchema(Schema):
    """The configuration of a DATA_SYNC node."""

    source = Source(required=True)
    target = fields.Nested(TableTargetSchema, required=True)
    mapping = fields.List(
        fields.Nested(MappingRowSchema), load_default=list, validate=[validate.Length(max=2000), mapping_is_clear]
    )
    write = fields.Nested(WriteSchema, load_default=WriteSettings())


class DataSync:
    """Copies the rows of a source into a table, page by page. `clock` is monotonic, in seconds."""

    schema: type[Schema] = DataSyncSchema
    is_container = False

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        """Return the target's connection and the source's, if it names one."""
        names = (config["target"].connection, config["source"].connection)
        return [name for name in names if name]

    def run(self, config: Mapping[str, Any], context: NodeContext) -> Counts:
        """Fetch and write every page; raises NodeError, BuildError, DirtyLimitExceeded or Stopped."""
        # SQLAlchemy and urllib3 take half a second to import: only a node that runs pays for them.
        from .row_writer import RowWriter

        chosen: ChosenSource = config["source"]
        connection = context.connection(config["target"].connection)
        with (
            chosen.open(context, self._clock) as source,
            RowWriter(connection, config["target"], tuple(config["mapping"]), config["write"], context) as writer,
        ):
            for page in source.pages():
                context.check()
                writer.write(page.table)
            if chosen.settings.fail_on_empty and not writer.counts.read:
                raise NodeError("the source returned no rows (failOnEmpty is set)")
            counts = writer.finish()
        _log_totals(counts, context)
        return counts


def _log_totals(counts: Counts, context: NodeContext) -> None:
    context.log(
        Level.BASIC,
        f"{counts.pages} pages, {counts.read} rows read, {counts.written} written"
        f" ({counts.inserted} inserted, {counts.updated} updated), {counts.skipped} skipped, {counts.dirty} dirty",
    )
