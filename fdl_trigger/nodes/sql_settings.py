"""SQL as definitions write it: a source of rows, a script, and the values for their `${name}`."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from .assignments import Assignment, AssignmentSchema, no_doubles

PARAMETER_TYPES = ("STRING", "NUMBER", "BOOLEAN", "DATE")
MAX_SQL = 500_000  # characters


@dataclass(frozen=True, slots=True)
class SqlParameter:
    """A value for `${name}`; a text may hold parameters. `type` None: a text stays one."""

    name: str
    value: Any
    type: str | None = None

    def typed(self, value: Any) -> Any:
        """Return a resolved text as its type has it, empty ones as NULL; raises ValueError."""
        if not isinstance(value, str) or self.type in (None, "STRING"):
            return value
        if not value.strip():
            return None
        if self.type == "DATE":
            return value
        return _number(value) if self.type == "NUMBER" else _boolean(value)


@dataclass(frozen=True, slots=True)
class SqlSettings:
    """A source of type SQL. `fetch_size` is in rows."""

    connection: str
    sql: str
    params: tuple[SqlParameter, ...] = ()
    raw: tuple[str, ...] = ()
    fetch_size: int = 1000
    fail_on_empty: bool = False


@dataclass(frozen=True, slots=True)
class ScriptSettings:
    """A SQL_SCRIPT node. `assign` says which parts of the last rows become parameters."""

    connection: str
    sql: str
    params: tuple[SqlParameter, ...] = ()
    raw: tuple[str, ...] = ()
    transaction: bool = False
    assign: tuple[Assignment, ...] = ()


class SqlParameterSchema(Schema):
    """One of `params`."""

    name = fields.Str(required=True, validate=validate.Length(1))
    value = fields.Raw(required=True, allow_none=True)
    type = fields.Str(load_default=None, allow_none=True, validate=validate.OneOf(PARAMETER_TYPES))

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> SqlParameter:
        value = data["value"]
        if isinstance(value, float):
            data["value"] = Decimal(repr(value))
        elif value is not None and not isinstance(value, str | int | bool):
            data["value"] = str(value)  # dates of TOML
        if isinstance(value, Mapping | list):
            raise ValidationError("a value must be text, a number or a boolean", "value")
        parameter = SqlParameter(**data)
        if isinstance(value, str) and "${" not in value:
            try:
                parameter.typed(value)
            except ValueError:
                raise ValidationError(f"'{value[:80]}' is no {parameter.type}", "value") from None
        return parameter


class SqlParameters(fields.List[SqlParameter]):
    """A list of {name, value, type}, or a plain table {name: value}."""

    def __init__(self, **more: Any) -> None:
        super().__init__(fields.Nested(SqlParameterSchema), **more)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, Mapping):
            value = [{"name": name, "value": cell} for name, cell in value.items()]
        return super()._deserialize(value, attr, data, **kwargs)


class _SqlSchema(Schema):
    connection = fields.Str(required=True, validate=validate.Length(1))
    sql = fields.Str(
        required=True,
        validate=[
            validate.Regexp(r"\s*\S", error="the statement is missing"),
            validate.Length(max=MAX_SQL),
            validate.ContainsNoneOf("\0", error="it holds a NUL"),
        ],
    )
    params = SqlParameters(load_default=list, validate=validate.Length(max=256))
    raw = fields.List(fields.Str(), load_default=list, validate=validate.Length(max=64))


class SqlSourceSchema(_SqlSchema):
    """`source` of type SQL."""

    type = fields.Str(required=True, validate=validate.Equal("SQL"))
    fetchSize = fields.Int(load_default=1000, strict=True, validate=validate.Range(1, 10_000))
    failOnEmpty = fields.Bool(load_default=False)

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> SqlSettings:
        return SqlSettings(
            data["connection"],
            data["sql"],
            tuple(data["params"]),
            tuple(data["raw"]),
            data["fetchSize"],
            data["failOnEmpty"],
        )


class RowAssignmentSchema(AssignmentSchema):
    """One row of `assign` where there are rows but no HTTP answer."""

    origins = ("CELL", "COLUMN", "ROWS", "ROW_COUNT")


class SqlScriptSchema(_SqlSchema):
    """The configuration of a SQL_SCRIPT node; loads into {"script": ScriptSettings}."""

    transaction = fields.Bool(load_default=False)
    assign = fields.List(
        fields.Nested(RowAssignmentSchema), load_default=list, validate=[validate.Length(max=256), no_doubles]
    )

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        lists = {name: tuple(data[name]) for name in ("params", "raw", "assign")}
        return {"script": ScriptSettings(**{**data, **lists})}


def _number(text: str) -> int | Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(text) from None
    if not number.is_finite() or abs(number.adjusted()) > 100:
        raise ValueError(text)
    return int(number) if number == number.to_integral_value() else number


def _boolean(text: str) -> bool:
    words = {"true": True, "false": False, "1": True, "0": False}
    word = text.strip().lower()
    if word not in words:
        raise ValueError(text)
    return words[word]
