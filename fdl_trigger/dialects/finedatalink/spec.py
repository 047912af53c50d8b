"""The OpenAPI description of the operations."""

from collections.abc import Callable
from typing import Any

from apispec import APISpec
from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from .operations import WireOperation

View = Callable[..., Response]

_SCHEMES = {
    "fdlClientIdHeader": {"type": "apiKey", "in": "header", "name": "client_id"},
    "fdlSecretHeader": {"type": "apiKey", "in": "header", "name": "secret"},
    "fdlSignatureHeader": {"type": "apiKey", "in": "header", "name": "_sign_"},
    "fdlTimestampHeader": {"type": "apiKey", "in": "header", "name": "timestamp"},
    "fdlSm2SignatureHeader": {"type": "apiKey", "in": "header", "name": "signature"},
    "fdlClientId": {"type": "apiKey", "in": "query", "name": "client_id"},
    "fdlSecret": {"type": "apiKey", "in": "query", "name": "secret"},
    "fdlSignature": {"type": "apiKey", "in": "query", "name": "_sign_"},
    "fdlTokenHeader": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "fdlTokenCookie": {"type": "apiKey", "in": "cookie", "name": "fine_auth_token"},
    "fdlToken": {"type": "apiKey", "in": "query", "name": "fine_auth_token"},
}
_SECURITY: list[dict[str, list[str]]] = [
    {"fdlClientIdHeader": [], "fdlSecretHeader": []},
    {"fdlClientIdHeader": [], "fdlSignatureHeader": []},
    {"fdlClientIdHeader": [], "fdlTimestampHeader": [], "fdlSm2SignatureHeader": []},
    {"fdlClientId": [], "fdlSecret": []},
    {"fdlClientId": [], "fdlSignature": []},
    {"fdlClientId": []},
]
_TOKEN_SECURITY: list[dict[str, list[str]]] = [{"fdlTokenHeader": []}, {"fdlTokenCookie": []}, {"fdlToken": []}]


class FdlEnvelopeSchema(Schema):
    """What every answer looks like: `data` on success, `errorCode` and `errorMsg` on failure."""

    success = fields.Bool(required=True)
    code = fields.Str(required=True)
    message = fields.Str(required=True)
    data = fields.Raw(required=True, allow_none=True)
    errorCode = fields.Str(required=True, allow_none=True)
    errorMsg = fields.Str(required=True, allow_none=True)


def security_schemes(spec: APISpec) -> None:
    """Describe the credentials: `client_id` with `secret`, `_sign_` or an SM2 signature, or alone (pages); a token."""
    for name, scheme in _SCHEMES.items():
        spec.components.security_scheme(name, scheme)


def document(wire: WireOperation, schema: Schema, *, by_token: bool = False) -> Callable[[View], View]:
    """Return a decorator that describes an operation to flask-smorest; `by_token` for the one under `module/`."""
    answer = {"application/json": {"schema": FdlEnvelopeSchema}}
    statuses = {
        200: "The result, or a business failure",
        401: "Wrong or missing credentials",
        403: "Not granted",
        413: "The body is too large",
        429: "Too many requests",
    }
    description: dict[str, Any] = {
        "summary": wire.summary,
        "description": f"`{wire.key}` is taken from the path, the body or the query, in this order.",
        "security": _TOKEN_SECURITY if by_token else _SECURITY,
        "responses": {str(status): {"description": text, "content": answer} for status, text in statuses.items()},
    }
    if "POST" in wire.methods:
        description["requestBody"] = {"content": {"application/json": {"schema": schema}}, "required": False}
    else:
        description["parameters"] = [{"in": "query", "name": wire.key, "schema": {"type": "string"}}]

    def decorate(view: View) -> View:
        documented = Blueprint.doc(**description)(view)
        # The bare view, without the wrapper that costs every call; OPTIONS is its own business and not described.
        vars(view).update(_apidoc=documented._apidoc, required_methods=("OPTIONS",), provide_automatic_options=False)
        return view

    return decorate
