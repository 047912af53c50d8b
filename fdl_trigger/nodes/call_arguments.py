"""Arguments of Python functions: JSON values in which `${...}` is replaced, and what becomes of the value returned."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from .assignments import PARAMETER_NAME, no_doubles, plain
from .context import FlowContext
from .errors import NodeError
from .json_path import find
from .schema_fields import JsonPathText

_WHOLE = re.compile(r"\$\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class ReturnAssignment:
    """One parameter and which part of the returned value it gets."""

    parameter: str
    path: str


class ReturnAssignmentSchema(Schema):
    """One row of `assign`."""

    parameter = fields.Str(required=True, validate=PARAMETER_NAME)
    path = JsonPathText(load_default="")

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> ReturnAssignment:
        return ReturnAssignment(**data)


def _names_are_names(args: Mapping[str, Any]) -> None:
    if bad := [name for name in args if not name.isidentifier()]:
        raise ValidationError(f"'{bad[0]}' is no name of an argument")


class CallSchema(Schema):
    """What every node that calls a function is told: `args` and `assign`."""

    args = fields.Dict(keys=fields.Str(), load_default=dict, validate=_names_are_names)
    assign = fields.List(
        fields.Nested(ReturnAssignmentSchema), load_default=list, validate=[validate.Length(max=256), no_doubles]
    )


def resolved(value: Any, context: FlowContext) -> Any:
    """Replace parameters in every text of a JSON value; a text that is one reference becomes the value itself."""
    if isinstance(value, str):
        whole = _WHOLE.fullmatch(value)
        values = context.values()
        if whole and whole[1].strip() in values:
            return plain(values[whole[1].strip()])
        return context.resolve(value)
    if isinstance(value, Mapping):
        return {name: resolved(member, context) for name, member in value.items()}
    if isinstance(value, list):
        return [resolved(member, context) for member in value]
    return plain(value)


def assign_returned(assignments: list[ReturnAssignment], value: Any, context: FlowContext) -> None:
    """Give parts of a returned value to parameters; raises NodeError for one that is not there."""
    values = {assignment.parameter: _part(assignment, value) for assignment in assignments}
    if values:
        context.assign(values)


def _part(assignment: ReturnAssignment, value: Any) -> Any:
    found = find(assignment.path, value)
    if found.is_missing:
        raise NodeError(f"nothing to assign to '{assignment.parameter}': {assignment.path} is not in what was returned")
    return plain(found.value)
