"""From what a node got to parameters: `assign` in its configuration (finedatalink-tasks.md section 4)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from .errors import NodeError
from .json_path import find
from .lines import whole_characters
from .schema_fields import JsonPathText

MAX_ROWS = 10_000
_NEEDED = {"CELL": "column", "COLUMN": "column", "HEADER": "name"}
_ORIGINS = ("CELL", "COLUMN", "ROWS", "ROW_COUNT", "HEADER", "BODY", "STATUS")
_ANSWER_ORIGINS = ("HEADER", "BODY", "STATUS")
PARAMETER_NAME = validate.Regexp(r"^[^\W\d][\w.-]{0,63}$", error="is not a parameter name")


@dataclass(frozen=True, slots=True)
class Assignment:
    """One parameter and where its value comes from. `row` counts from 1; `name` is a header's."""

    parameter: str
    origin: str
    row: int = 1
    column: str = ""
    name: str = ""
    path: str = ""
    default: Any = None
    has_default: bool = False


class AssignmentSchema(Schema):
    """One row of `assign`."""

    origins: tuple[str, ...] = _ORIGINS

    parameter = fields.Str(required=True, validate=PARAMETER_NAME)
    from_ = fields.Str(required=True, data_key="from")
    row = fields.Int(load_default=1, strict=True, validate=validate.Range(1, MAX_ROWS))
    column = fields.Str(load_default="")
    name = fields.Str(load_default="")
    path = JsonPathText(load_default="")
    default = fields.Raw(allow_none=True)

    @validates_schema
    def _is_complete(self, data: dict[str, Any], **_: object) -> None:
        if data["from_"] not in self.origins:
            raise ValidationError(f"must be one of {', '.join(self.origins)}", "from")
        needed = _NEEDED.get(data["from_"])
        if needed and not data[needed]:
            raise ValidationError(f"{data['from_']} needs it", needed)

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> Assignment:
        return Assignment(origin=data.pop("from_"), has_default="default" in data, **data)


class AnswerAssignmentSchema(AssignmentSchema):
    """One row of `assign` where there is an answer but no table."""

    origins = _ANSWER_ORIGINS


@dataclass(frozen=True, slots=True)
class Result:
    """What a node got: rows (as cells by column), and the last answer when it was HTTP."""

    rows: Sequence[Mapping[str, Any]] = ()
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    document: Any = None


def assigned_values(assignments: Iterable[Assignment], result: Result) -> dict[str, Any]:
    """Return the values by parameter; raises NodeError for one that is not there and has no default."""
    return {assignment.parameter: plain(_value(assignment, result)) for assignment in assignments}


def plain(value: Any) -> Any:
    """Return a value as JSON knows it; a decimal becomes text, so that it keeps its digits."""
    if isinstance(value, str):
        return whole_characters(value)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {whole_characters(str(name)): plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [plain(member) for member in value]
    return value if isinstance(value, int | float | bool | None) else str(value)


def no_doubles(assignments: Sequence[Any]) -> None:
    """Refuse a parameter that is assigned twice."""
    names = [assignment.parameter for assignment in assignments]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValidationError(f"'{twice}' is assigned twice")


def _value(assignment: Assignment, result: Result) -> Any:
    is_there, value = _FOUND[assignment.origin](assignment, result)
    if is_there:
        return value
    if assignment.has_default:
        return assignment.default
    raise NodeError(f"nothing to assign to '{assignment.parameter}': {_missing(assignment)} (a default would help)")


def _missing(assignment: Assignment) -> str:
    what = {
        "CELL": f"there is no row {assignment.row} with a column '{assignment.column}'",
        "HEADER": f"the answer has no header {assignment.name}",
        "BODY": f"{assignment.path or 'the whole document'} is not in the answer",
    }
    return what.get(assignment.origin, "the source gave none")


def _cell(assignment: Assignment, result: Result) -> tuple[bool, Any]:
    row = result.rows[assignment.row - 1] if assignment.row <= len(result.rows) else {}
    return assignment.column in row, row.get(assignment.column)


def _body(assignment: Assignment, result: Result) -> tuple[bool, Any]:
    found = find(assignment.path, result.document)
    return not found.is_missing and result.document is not None, found.value


def _header(assignment: Assignment, result: Result) -> tuple[bool, Any]:
    name = assignment.name.lower()
    return name in result.headers, result.headers.get(name)


_FOUND: Mapping[str, Any] = {
    "CELL": _cell,
    "COLUMN": lambda assignment, result: (True, [row.get(assignment.column) for row in result.rows]),
    "ROWS": lambda assignment, result: (True, list(result.rows)),
    "ROW_COUNT": lambda assignment, result: (True, len(result.rows)),
    "HEADER": _header,
    "BODY": _body,
    "STATUS": lambda assignment, result: (result.status is not None, result.status),
}
