"""Integration applications: what a connection holds to call as one (roma-scheduled-calls.md section 5)."""

from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema, fields, post_load, validate

APP_KINDS = ("APP_SECRET", "APP_SIGN", "APP_CODE", "APP_BASIC", "APP_JWT", "APP_API_KEY")
CREDENTIAL_HEADERS = frozenset(
    (
        *("authorization", "x-hw-id", "x-hw-appkey", "x-apig-appcode", "timestamp", "apikey"),
        *("x-sdk-date", "x-sdk-content-sha256"),
    )
)
"""What proves an application; nothing that is configured may stand in their place."""

_TOKEN = validate.Regexp(r"^[!-~]{1,512}\Z", error="takes 1 to 512 visible ASCII characters")
_TOKEN_OR_NONE = validate.Regexp(r"^[!-~]{0,512}\Z", error="takes up to 512 visible ASCII characters")


@dataclass(frozen=True, slots=True)
class IntegrationApplication:
    """A key with its secret, and the code of the simple authentication (empty: none)."""

    key: str
    secret: str = field(repr=False)
    code: str = field(default="", repr=False)


class IntegrationApplicationSchema(Schema):
    """`application` of an api connection."""

    key = fields.Str(required=True, validate=_TOKEN)
    secret = fields.Str(required=True, validate=_TOKEN)
    code = fields.Str(load_default="", validate=_TOKEN_OR_NONE)

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> IntegrationApplication:
        return IntegrationApplication(**data)
