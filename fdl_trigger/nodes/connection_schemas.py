"""What the settings of a named connection may hold, by its kind."""

from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from .channels.schemas import CHANNEL_SCHEMAS
from .schema_fields import NameValues
from .source_schemas import AuthorizationSchema, headers_are_valid
from .source_settings import Authorization


def path_is_plain(path: str) -> None:
    """Refuse an empty path and one with a NUL."""
    if not path or "\0" in path:
        raise ValidationError("the path of the file is missing")


class ApiConnectionSchema(Schema):
    """An API: what its requests carry, and whether they may reach this machine. Other settings are left to others."""

    class Meta:
        unknown = EXCLUDE

    authorization = fields.Nested(AuthorizationSchema, load_default=Authorization())
    headers = NameValues(load_default=(), validate=headers_are_valid)
    allowLoopback = fields.Bool(load_default=False)


class SqliteConnectionSchema(Schema):
    """A SQLite file; `maxPages` limits its size, in database pages."""

    class Meta:
        unknown = EXCLUDE

    path = fields.Str(required=True, validate=path_is_plain)
    maxPages = fields.Int(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 2**32 - 2))


CONNECTION_SCHEMAS: dict[str, type[Schema]] = {
    "api": ApiConnectionSchema,
    "sqlite": SqliteConnectionSchema,
    **CHANNEL_SCHEMAS,
}
"""Every kind of connection and the schema of its settings."""


def load_settings(kind: str, settings: Any) -> dict[str, Any]:
    """Load the settings of a connection of a known kind; raises marshmallow's ValidationError."""
    loaded: dict[str, Any] = CONNECTION_SCHEMAS[kind]().load(dict(settings))
    return loaded
