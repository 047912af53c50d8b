"""PARAM_ASSIGN: a source's cells, headers, body or status become parameters (finedatalink-tasks.md section 3.1)."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from ..domain.records import Counts
from ..domain.states import Level
from .assignments import MAX_ROWS, AssignmentSchema, Result, assigned_values, no_doubles
from .context import FlowContext
from .errors import NodeError
from .page import Page
from .row_sources import ChosenSource, Source


class ParamAssignSchema(Schema):
    """The configuration of a PARAM_ASSIGN node."""

    source = Source(required=True)
    assign = fields.List(fields.Nested(AssignmentSchema), required=True, validate=[validate.Length(1, 256), no_doubles])


class ParamAssign:
    """Reads a source and gives parts of it to parameters. `clock` is monotonic, in seconds."""

    schema: type[Schema] = ParamAssignSchema
    is_container = False

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        """Return the source's connection, if it names one."""
        source: ChosenSource = config["source"]
        return [source.connection] if source.connection else []

    def run(self, config: Mapping[str, Any], context: FlowContext) -> Counts:
        """Fetch every page and assign; raises NodeError when there is nothing to assign, or more than 10,000 rows."""
        source: ChosenSource = config["source"]
        rows: list[dict[str, Any]] = []
        pages = 0
        last: Page | None = None
        with source.open(context, self._clock) as opened:
            for last in opened.pages():
                pages += 1
                rows += [last.table.row(index) for index in range(len(last.table))]
                if len(rows) > MAX_ROWS:
                    raise NodeError(f"the source gives more than {MAX_ROWS} rows; parameters are not for bulk data")
        if last is None:
            raise NodeError("the source gave no answer")
        values = assigned_values(config["assign"], _result(rows, last))
        context.assign(values)
        context.log(Level.BASIC, f"{len(rows)} rows read; assigned {', '.join(values)}")
        return Counts(pages=pages, read=len(rows))


def _result(rows: list[dict[str, Any]], last: Page) -> Result:
    return Result(rows, last.status or None, last.headers, last.document)
