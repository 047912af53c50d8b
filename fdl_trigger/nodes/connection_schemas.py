"""What the settings of a named connection may hold, by its kind."""

from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema

from .channels.schemas import CHANNEL_SCHEMAS
from .integration_application import APP_KINDS, IntegrationApplicationSchema
from .schema_fields import NameValues
from .source_schemas import AuthorizationSchema, headers_are_valid
from .source_settings import Authorization


def path_is_plain(path: str) -> None:
    """Refuse an empty text and one with a NUL."""
    if not path or "\0" in path:
        raise ValidationError("it is missing or holds a NUL")


class ApiConnectionSchema(Schema):
    """An API: what its requests carry, and whether they may reach this machine. Other settings are left to others."""

    class Meta:
        unknown = EXCLUDE

    authorization = fields.Nested(AuthorizationSchema, load_default=Authorization())
    application = fields.Nested(IntegrationApplicationSchema, load_default=None, allow_none=True)
    headers = NameValues(load_default=(), validate=headers_are_valid)
    allowLoopback = fields.Bool(load_default=False)

    @validates_schema
    def _is_complete(self, data: dict[str, Any], **_: object) -> None:
        kind = data["authorization"].type
        if kind in APP_KINDS and data["application"] is None:
            raise ValidationError(f"{kind} needs it", "application")


class SqliteConnectionSchema(Schema):
    """A SQLite file; `maxPages` limits its size, in database pages."""

    class Meta:
        unknown = EXCLUDE

    path = fields.Str(required=True, validate=path_is_plain)
    maxPages = fields.Int(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 2**32 - 2))


class TlsSchema(Schema):
    """`tls` of a database server; the files are PEM, on the service's machine."""

    mode = fields.Str(
        load_default="PREFER",
        validate=validate.OneOf(("DISABLE", "PREFER", "REQUIRE", "VERIFY_CA", "VERIFY_FULL")),
    )
    caFile = fields.Str(load_default=None, allow_none=True, validate=path_is_plain)
    certFile = fields.Str(load_default=None, allow_none=True, validate=path_is_plain)
    keyFile = fields.Str(load_default=None, allow_none=True, validate=path_is_plain)

    @validates_schema
    def _is_complete(self, data: dict[str, Any], **_: object) -> None:
        if data["mode"] == "VERIFY_CA" and not data["caFile"]:
            raise ValidationError("VERIFY_CA needs the certificate of the authority", "caFile")
        if bool(data["certFile"]) != bool(data["keyFile"]):
            raise ValidationError("a client certificate needs its key, and the other way round", "keyFile")


class MysqlConnectionSchema(Schema):
    """A database of MariaDB or MySQL: where it is and who asks."""

    class Meta:
        unknown = EXCLUDE

    host = fields.Str(required=True, validate=path_is_plain)
    port = fields.Int(load_default=3306, strict=True, validate=validate.Range(1, 65_535))
    user = fields.Str(required=True, validate=path_is_plain)
    password = fields.Str(load_default=None, allow_none=True)
    database = fields.Str(required=True, validate=path_is_plain)
    tls = fields.Nested(TlsSchema, load_default=lambda: TlsSchema().load({}))


class PostgresqlConnectionSchema(MysqlConnectionSchema):
    """A PostgreSQL database; `schema` is where its tables are looked for."""

    port = fields.Int(load_default=5432, strict=True, validate=validate.Range(1, 65_535))
    schema = fields.Str(load_default=None, allow_none=True, validate=path_is_plain)


CONNECTION_SCHEMAS: dict[str, type[Schema]] = {
    "api": ApiConnectionSchema,
    "sqlite": SqliteConnectionSchema,
    "postgresql": PostgresqlConnectionSchema,
    "mysql": MysqlConnectionSchema,
    **CHANNEL_SCHEMAS,
}
"""Every kind of connection and the schema of its settings."""


def load_settings(kind: str, settings: Any) -> dict[str, Any]:
    """Load the settings of a connection of a known kind; raises marshmallow's ValidationError."""
    loaded: dict[str, Any] = CONNECTION_SCHEMAS[kind]().load(dict(settings))
    return loaded
