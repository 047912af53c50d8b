"""How `target`, `mapping` and `write` are written in a definition, and their checks."""

from collections.abc import Iterable
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from .target_settings import TargetField, TargetSettings, WriteSettings

FIELD_TYPES = (
    *("BIGINT", "INTEGER", "SMALLINT", "DECIMAL", "DOUBLE", "BOOLEAN"),
    *("VARCHAR", "TEXT", "DATE", "TIME", "DATETIME"),
)
CREATED_NAME = r"^[A-Za-z_\u3007\u3400-\u9fff][A-Za-z0-9_\u3007\u3400-\u9fff]{0,127}$"
MAX_COLUMNS = 2000


def column_name(name: str) -> None:
    """Refuse a name no database takes; anything else is quoted."""
    if not name.strip() or "\0" in name or len(name) > 128:
        raise ValidationError("a name has 1 to 128 characters and no NUL")


def _repeated(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            return name
        seen.add(name.lower())
    return None


class TargetFieldSchema(Schema):
    """One of `target.fields`."""

    name = fields.Str(required=True, validate=column_name)
    type = fields.Str(load_default="VARCHAR", validate=validate.OneOf(FIELD_TYPES))
    length = fields.Int(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 65_535))
    precision = fields.Int(load_default=None, allow_none=True, strict=True, validate=validate.Range(0, 100))
    notNull = fields.Bool(load_default=False)
    primaryKey = fields.Bool(load_default=False)

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> TargetField:
        not_null, primary_key = data.pop("notNull"), data.pop("primaryKey")
        return TargetField(**data, not_null=not_null, primary_key=primary_key)


class TargetFields(fields.List[TargetField]):
    """A list of field tables, or in short a plain table {name: type}."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, dict):
            value = [{"name": name, "type": kind} for name, kind in value.items()]
        return super()._deserialize(value, attr, data, **kwargs)


class TableTargetSchema(Schema):
    """`target`: a table of a named connection."""

    connection = fields.Str(required=True, validate=validate.Length(1))
    table = fields.Str(required=True, validate=column_name)
    mode = fields.Str(load_default="EXISTING", validate=validate.OneOf(("EXISTING", "AUTO_CREATE")))
    fields_ = TargetFields(
        fields.Nested(TargetFieldSchema),
        load_default=list,
        data_key="fields",
        validate=validate.Length(max=MAX_COLUMNS),
    )
    createSql = fields.Str(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"(?is)^\s*CREATE\s+TABLE\b", error="must be one CREATE TABLE statement"),
    )

    @validates_schema
    def _fits_mode(self, data: dict[str, Any], **_: object) -> None:
        if data["mode"] == "EXISTING" and (data["fields_"] or data["createSql"]):
            raise ValidationError("fields and createSql belong to AUTO_CREATE", "mode")
        if data["fields_"] and data["createSql"]:
            raise ValidationError("give either fields or createSql", "createSql")
        if data["mode"] == "AUTO_CREATE" and not data["createSql"]:
            self._name_is_plain(data["table"])
        repeated = _repeated(field.name for field in data["fields_"])
        if repeated:
            raise ValidationError(f"'{repeated}' is there twice", "fields")

    @staticmethod
    def _name_is_plain(name: str) -> None:
        try:
            validate.Regexp(CREATED_NAME, error="a created table is named by letters, digits, _ and Chinese")(name)
        except ValidationError as error:
            raise ValidationError(error.messages, "table") from None

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> TargetSettings:
        return TargetSettings(
            data["connection"], data["table"], data["mode"], tuple(data["fields_"]), data["createSql"]
        )


class MappingRowSchema(Schema):
    """One of `mapping`."""

    source = fields.Str(required=True)
    target = fields.Str(required=True, validate=column_name)

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> tuple[str, str]:
        return data["source"], data["target"]


def mapping_is_clear(rows: list[tuple[str, str]]) -> None:
    """Refuse two source fields for one target column."""
    repeated = _repeated(target for _, target in rows)
    if repeated:
        raise ValidationError(f"two fields are mapped to '{repeated}'")


class WriteSchema(Schema):
    """`write`: the write method and its options."""

    method = fields.Str(load_default="DIRECT", validate=validate.OneOf(("DIRECT", "EMPTY_THEN_WRITE")))
    clearing = fields.Str(load_default="DELETE", validate=validate.OneOf(("DELETE", "TRUNCATE")))
    keys = fields.List(fields.Str(validate=column_name), load_default=list, validate=validate.Length(max=16))
    conflict = fields.Str(load_default=None, allow_none=True, validate=validate.OneOf(("UPDATE", "SKIP", "DIRTY")))
    transaction = fields.Bool(load_default=False)
    batchSize = fields.Int(load_default=1000, strict=True, validate=validate.Range(1, 10_000))

    @validates_schema
    def _keys_are_distinct(self, data: dict[str, Any], **_: object) -> None:
        repeated = _repeated(data["keys"])
        if repeated:
            raise ValidationError(f"'{repeated}' is there twice", "keys")

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> WriteSettings:
        default = "UPDATE" if data["method"] == "DIRECT" else "DIRTY"
        return WriteSettings(
            data["method"],
            tuple(data["keys"]),
            data["conflict"] or default,
            data["transaction"],
            data["batchSize"],
            data["clearing"],
        )
