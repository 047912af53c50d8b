"""Applications, keys and grants as JSON."""

from marshmallow import EXCLUDE, fields, validate

from ..core.access import DIGEST_ALGORITHMS, METHODS
from ..domain.operations import CALLS
from .routing import JsonSchema


class GrantSchema(JsonSchema):
    """Leave to use an operation, on one task or (workId null) on every task."""

    operation = fields.Str(required=True, validate=validate.OneOf([str(one) for one in CALLS]))
    work_id = fields.UUID(load_default=None, allow_none=True)
    work_name = fields.Str(dump_only=True, allow_none=True)


class ApplicationSchema(JsonSchema):
    """Who may call from outside; its secret is never shown again."""

    client_id = fields.Str()
    name = fields.Str()
    method = fields.Str()
    digest_algorithm = fields.Str()
    digest_timeout_s = fields.Int(data_key="digestTimeoutSeconds")
    rate = fields.Str(allow_none=True)
    origins = fields.List(fields.Str())
    once = fields.Bool()
    bound = fields.Bool()
    operators = fields.List(fields.Str())
    enabled = fields.Bool()
    grants = fields.List(fields.Nested(GrantSchema))
    created_at = fields.Int()


class CreatedApplicationSchema(ApplicationSchema):
    """A new application with its secret, shown this once; page and sm2 applications have none."""

    secret = fields.Str(allow_none=True)


class NewApplicationSchema(JsonSchema):
    """What it takes to create an application.

    `publicKey` is for sm2; with `once` a signature counts once, with `bound` it covers the request (sm2);
    `operators` are the users it may name as decUser, none means any.
    """

    name = fields.Str(required=True, validate=validate.Length(1, 128))
    method = fields.Str(load_default="aksk", validate=validate.OneOf(METHODS))
    digest_algorithm = fields.Str(load_default="MD5", validate=validate.OneOf(DIGEST_ALGORITHMS))
    digest_timeout_s = fields.Int(
        load_default=300, strict=True, validate=validate.Range(1, 86_400), data_key="digestTimeoutSeconds"
    )
    rate = fields.Str(load_default=None, allow_none=True, validate=validate.Length(max=128))
    origins = fields.List(fields.Str(validate=validate.Length(1, 512)), load_default=list)
    public_key = fields.Str(load_default=None, allow_none=True, validate=validate.Length(1, 4096))
    once = fields.Bool(load_default=False)
    bound = fields.Bool(load_default=False)
    operators = fields.List(fields.Str(validate=validate.Length(1, 128)), load_default=list)
    grants = fields.List(fields.Nested(GrantSchema), load_default=list, validate=validate.Length(max=1000))


class ApplicationChangeSchema(JsonSchema):
    """What of an application can be changed."""

    enabled = fields.Bool(required=True)


class GrantsSchema(JsonSchema):
    """Grants to give or to take away."""

    grants = fields.List(fields.Nested(GrantSchema), required=True, validate=validate.Length(1, 1000))


class ApplicationPageSchema(JsonSchema):
    """Applications, oldest first."""

    class Meta:
        unknown = EXCLUDE

    items = fields.List(fields.Nested(ApplicationSchema))
    total = fields.Int()
