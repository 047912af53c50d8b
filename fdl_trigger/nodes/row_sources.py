"""Where rows come from: one line a kind of source. A node that takes a source takes any of them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from marshmallow import Schema, ValidationError, fields

from .context import NodeContext
from .page import Page
from .source_schemas import ApiSourceSchema
from .sql_settings import SqlSourceSchema

Clock = Callable[[], float]  # seconds, monotonic


class RowSource(Protocol):
    """An open source of rows."""

    def pages(self) -> Iterator[Page]:
        """Yield the pages one by one; raises NodeError."""


class SourceSettings(Protocol):
    """What the settings of every kind of source say."""

    @property
    def connection(self) -> str | None:
        """The connection the source needs, if it does."""

    @property
    def fail_on_empty(self) -> bool:
        """Whether no row at all is a failure."""


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A kind of source: the schema of its settings, and how it is opened with what that schema loads."""

    schema: type[Schema]
    open: Callable[[Any, NodeContext, Clock], AbstractContextManager[RowSource]]


@dataclass(frozen=True, slots=True)
class ChosenSource:
    """The source a definition names, with its settings."""

    kind: SourceKind
    settings: SourceSettings

    @property
    def connection(self) -> str | None:
        """The connection the source needs, if it does."""
        return self.settings.connection

    def open(self, context: NodeContext, clock: Clock) -> AbstractContextManager[RowSource]:
        """Return the source, to be entered."""
        return self.kind.open(self.settings, context, clock)


def _open_api(settings: Any, context: NodeContext, clock: Clock) -> AbstractContextManager[RowSource]:
    from .api_source import ApiSource  # urllib3 is imported by the first run

    return ApiSource(settings, context, clock)


def _open_sql(settings: Any, context: NodeContext, clock: Clock) -> AbstractContextManager[RowSource]:
    from .sql_source import SqlSource  # SQLAlchemy is imported by the first run

    return SqlSource(settings, context)


SOURCE_KINDS: dict[str, SourceKind] = {
    "API": SourceKind(ApiSourceSchema, _open_api),
    "SQL": SourceKind(SqlSourceSchema, _open_sql),
}
"""Every kind of source, under the `type` definitions use."""


class Source(fields.Field[ChosenSource]):
    """A source of any kind, by its `type` (API when it says none)."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> ChosenSource:
        if not isinstance(value, Mapping):
            raise ValidationError("must be a table")
        name = value.get("type", "API")
        kind = SOURCE_KINDS.get(name) if isinstance(name, str) else None
        if kind is None:
            raise ValidationError({"type": [f"must be one of {', '.join(SOURCE_KINDS)}"]})
        return ChosenSource(kind, kind.schema().load(dict(value)))
