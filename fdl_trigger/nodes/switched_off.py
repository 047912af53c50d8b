"""What stands for a node type the operator has not switched on."""

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, pre_load

from ..domain.records import Counts
from .context import FlowContext
from .errors import BuildError


def _reason(name: str) -> str:
    return f'{name} nodes are switched off; the operator may add "{name}" to enabled in the section nodes'


class SwitchedOff:
    """Refuses every configuration, on save and when an instance is built."""

    is_container = False

    def __init__(self, name: str) -> None:
        class SwitchedOffSchema(Schema):
            class Meta:
                unknown = INCLUDE

            @pre_load
            def _refuse(self, data: Any, **_: object) -> Any:
                raise ValidationError(_reason(name))

        self.schema: type[Schema] = SwitchedOffSchema
        self._name = name

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        """Return none."""
        return ()

    def run(self, config: Mapping[str, Any], context: FlowContext) -> Counts:
        """Raise BuildError."""
        raise BuildError(_reason(self._name))
