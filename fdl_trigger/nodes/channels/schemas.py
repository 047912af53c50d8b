"""The settings of connections that messages are sent over. All of them are encrypted in the store."""

import base64
import binascii
import re
from email.utils import parseaddr
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate

from ..schema_fields import NameValues
from ..source_schemas import headers_are_valid

SECRET_PREFIX = "whsec_"  # noqa: S105 - how Standard Webhooks marks a secret, not one
_ADDRESS = re.compile(r"[!-;=?A-Z\[\]-~]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_PORTS = {"tls": 465, "starttls": 587, "none": 25}


def secret_is_strong(secret: str) -> None:
    """Refuse a secret that Standard Webhooks does not know: whsec_ and base64 of 24 to 64 bytes."""
    try:
        key = signing_key(secret)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(SECRET_PREFIX) or not 24 <= len(key) <= 64:
        raise ValidationError("must be whsec_ and then base64 of 24 to 64 random bytes")


def signing_key(secret: str) -> bytes:
    """Return the bytes of a Standard Webhooks secret."""
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)


def address_is_plain(address: str) -> None:
    """Refuse what is not one plain ASCII mail address."""
    if not _ADDRESS.fullmatch(address):
        raise ValidationError(f"'{address[:80]}' is not a mail address")


def sender_is_plain(sender: str) -> None:
    """Refuse a sender other than `a@b` or `Name <a@b>`, or one with a line break."""
    if any(ord(character) < 32 for character in sender):
        raise ValidationError("must be one line")
    address_is_plain(parseaddr(sender)[1])


class _PostedSchema(Schema):
    """What all kinds that POST to an address have."""

    class Meta:
        unknown = EXCLUDE

    webhookUrl = fields.Str(
        required=True, validate=validate.Regexp(r"(?i)https?://[^\s/]+\S*\Z", error="must be an http or https address")
    )
    verifyTls = fields.Bool(load_default=True)
    allowLoopback = fields.Bool(load_default=False)


class WebhookSchema(_PostedSchema):
    """A receiver of signed webhooks; `headers` go along with every one."""

    secret = fields.Str(required=True, validate=secret_is_strong)
    headers = NameValues(load_default=(), validate=headers_are_valid)


class SignedRobotSchema(_PostedSchema):
    """A group robot whose address holds its token; `secret` where signing is switched on."""

    secret = fields.Str(load_default="")


class RobotSchema(_PostedSchema):
    """A group robot whose address is all it takes."""


class SmtpSchema(Schema):
    """A mail server, and who writes to whom over it."""

    class Meta:
        unknown = EXCLUDE

    host = fields.Str(required=True, validate=validate.Regexp(r"[A-Za-z0-9.:_-]{1,253}\Z"))
    port = fields.Int(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 65_535))
    security = fields.Str(load_default="starttls", validate=validate.OneOf(tuple(_PORTS)))
    user = fields.Str(load_default="")
    password = fields.Str(load_default="")
    sender = fields.Str(required=True, validate=sender_is_plain)
    recipients = fields.List(fields.Str(validate=address_is_plain), required=True, validate=validate.Length(1, 50))
    verifyTls = fields.Bool(load_default=True)
    allowLoopback = fields.Bool(load_default=False)

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        if data["user"] and data["security"] == "none":
            raise ValidationError("a password is only sent over TLS", "security")
        return {**data, "port": data["port"] or _PORTS[data["security"]]}


CHANNEL_SCHEMAS: dict[str, type[Schema]] = {
    "webhook": WebhookSchema,
    "smtp": SmtpSchema,
    "dingtalk": SignedRobotSchema,
    "wecom": RobotSchema,
    "feishu": SignedRobotSchema,
}
"""Every kind of connection that messages can be sent over, and the schema of its settings."""
