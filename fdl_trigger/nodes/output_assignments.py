"""From the output of a program to parameters: its last line, its KEY=VALUE lines, its exit code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from .assignments import PARAMETER_NAME
from .errors import NodeError


@dataclass(frozen=True, slots=True)
class OutputAssignment:
    """One parameter and what of the output it gets; `name` is the KEY of a KEY=VALUE line."""

    parameter: str
    origin: str
    name: str


class OutputAssignmentSchema(Schema):
    """One row of a SHELL node's `assign`."""

    parameter = fields.Str(required=True, validate=PARAMETER_NAME)
    from_ = fields.Str(required=True, data_key="from", validate=validate.OneOf(("LAST_LINE", "KEY_VALUE", "EXIT_CODE")))
    name = fields.Str(load_default="")

    @validates_schema
    def _is_complete(self, data: dict[str, Any], **_: object) -> None:
        if data["from_"] == "KEY_VALUE" and not data["name"]:
            raise ValidationError("KEY_VALUE needs it", "name")

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> OutputAssignment:
        return OutputAssignment(data["parameter"], data["from_"], data["name"])


class Output:
    """What a program said on its standard output, as far as parameters want it."""

    def __init__(self, assignments: Sequence[OutputAssignment]) -> None:
        self._assignments = assignments
        self._wanted = {assignment.name for assignment in assignments if assignment.origin == "KEY_VALUE"}
        self._found: dict[str, str] = {}
        self._last_line: str | None = None

    def take(self, line: str) -> None:
        """Take the next line; of several lines with one KEY the last counts."""
        if line.strip():
            self._last_line = line
        name, equals, value = line.partition("=")
        if equals and name.strip() in self._wanted:
            self._found[name.strip()] = value.strip()

    def values(self, exit_code: int) -> Mapping[str, Any]:
        """Return the values by parameter; raises NodeError for one the program did not print."""
        return {assignment.parameter: self._value(assignment, exit_code) for assignment in self._assignments}

    def _value(self, assignment: OutputAssignment, exit_code: int) -> Any:
        if assignment.origin == "EXIT_CODE":
            return exit_code
        if assignment.origin == "LAST_LINE":
            value, what = self._last_line, "no line"
        else:
            value, what = self._found.get(assignment.name), f"no line {assignment.name}=..."
        if value is None:
            raise NodeError(f"nothing to assign to '{assignment.parameter}': the program printed {what}")
        return value
