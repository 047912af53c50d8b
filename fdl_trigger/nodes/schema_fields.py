"""Fields the node schemas share: name/value rows, JSONPath and numbers that may hold parameters."""

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import ValidationError, fields

from ..domain.parameters import as_text
from .json_path import path_problem

Pairs = tuple[tuple[str, str], ...]


class NameValues(fields.Field[Pairs]):
    """Name/value rows: a list of {name, value}, or a plain table {name: value}. Loads to pairs of text, in order."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Pairs:
        if isinstance(value, Mapping):
            return tuple((_name(name), _scalar(cell)) for name, cell in value.items())
        if not isinstance(value, list):
            raise ValidationError("must be a list of {name, value} or a table of names and values")
        return tuple(_numbered_rows(value))


def _numbered_rows(rows: list[Any]) -> Iterator[tuple[str, str]]:
    for index, row in enumerate(rows):
        if not isinstance(row, Mapping) or not {"name"} <= row.keys() <= {"name", "value"}:
            raise ValidationError({index: ["must be a table with name and value"]})
        try:
            yield _name(row["name"]), _scalar(row.get("value"))
        except ValidationError as error:
            raise ValidationError({index: error.messages}) from None


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name.strip():
        raise ValidationError("a name must not be empty")
    return name


def _scalar(value: Any) -> str:
    if isinstance(value, Mapping | list):
        raise ValidationError("a value must be text, a number or a boolean")
    return as_text(value)


class JsonPathText(fields.Str):
    """A JSONPath (RFC 9535); empty stands for the whole document."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).strip()
        problem = path_problem(text)
        if problem:
            raise ValidationError(f"not a JSONPath (RFC 9535): {problem}")
        return text


class Text(fields.Field[str]):
    """Text, or a number or boolean taken as text (parameters allowed)."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return _scalar(value)
