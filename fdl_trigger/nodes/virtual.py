"""VIRTUAL: joins and forks lines without work (finedatalink-tasks.md section 3.1)."""

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import Schema

from ..domain.records import Counts
from .context import FlowContext


class VirtualSchema(Schema):
    """A VIRTUAL node has no settings."""


class Virtual:
    """Succeeds at once."""

    schema: type[Schema] = VirtualSchema
    is_container = False

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        """Return none."""
        return ()

    def run(self, config: Mapping[str, Any], context: FlowContext) -> Counts:
        """Do nothing."""
        return Counts()
