"""Keys of applications: rotated without a gap, disabled, their last use; never shown but once."""

from marshmallow import fields, validate

from ..core.keys import DAY_S, LONGEST_OVERLAP_S
from ..domain.applications import ApplicationKey
from ..domain.errors import ObjectNotFound
from ..domain.operations import Operation
from .applications import blueprint, find
from .routing import JsonSchema
from .services import Json, caller, runtime, services


class KeySchema(JsonSchema):
    """A key without its secret. Times are UTC epoch milliseconds; `expiresAt` null means never."""

    id = fields.Int()
    created_at = fields.Int()
    expires_at = fields.Int(allow_none=True)
    last_used_at = fields.Int(allow_none=True)
    disabled = fields.Bool()
    live = fields.Bool()


class CreatedKeySchema(KeySchema):
    """A new key with its secret, shown this once; null for an SM2 key, whose secret never was here."""

    secret = fields.Str(allow_none=True)


class RotationSchema(JsonSchema):
    """How long the key before lives on, in seconds; an sm2 application brings its next public key."""

    expire_old_s = fields.Int(
        load_default=DAY_S, strict=True, validate=validate.Range(0, LONGEST_OVERLAP_S), data_key="expireOldSeconds"
    )
    public_key = fields.Str(load_default=None, allow_none=True, validate=validate.Length(1, 4096))


class KeyListSchema(JsonSchema):
    """Keys, oldest first."""

    items = fields.List(fields.Nested(KeySchema))


@blueprint.operation("GET", "/<client_id>/keys", Operation.MANAGE_ACCESS, answer=KeyListSchema)
def keys(client_id: str) -> Json:
    """List the keys of an application"""
    return {"items": [_told(key) for key in runtime().keys.list(find(client_id).client_id)]}


@blueprint.operation(
    "POST", "/<client_id>/keys", Operation.MANAGE_ACCESS, body=RotationSchema, answer=CreatedKeySchema, status=201
)
def rotate_key(values: Json, client_id: str) -> Json:
    """Add a key; the one before lives on for a while. The answer shows the secret this once"""
    application = find(client_id)
    key = runtime().keys.rotate(client_id, **values, principal=caller())
    return {**_told(key), "secret": None if application.method == "sm2" else key.secret}


@blueprint.operation(
    "DELETE", "/<client_id>/keys/<int(max=9223372036854775807):key_id>", Operation.MANAGE_ACCESS, status=204
)
def disable_key(client_id: str, key_id: int) -> None:
    """Refuse a key from now on"""
    find(client_id)
    if key_id not in {key.id for key in runtime().keys.list(client_id)}:
        raise ObjectNotFound(f"The application has no key {key_id}.")
    runtime().keys.disable(client_id, key_id, caller())


def _told(key: ApplicationKey) -> Json:
    names = ("id", "created_at", "expires_at", "last_used_at", "disabled")
    return {**{name: getattr(key, name) for name in names}, "live": key.is_live(services().clock())}
