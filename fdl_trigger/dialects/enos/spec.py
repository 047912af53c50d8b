"""The OpenAPI description: one entry a path and method, since the specification knows no `action`."""

from collections.abc import Iterable
from typing import Any

from apispec import APISpec
from marshmallow import Schema, fields

from .operations import EnosOperation


class EnosFrameSchema(Schema):
    """What every answer looks like: `code` 0 on success, `msg` says what is wrong otherwise."""

    code = fields.Int(required=True)
    msg = fields.Str(required=True)
    data = fields.Raw(required=True, allow_none=True)


class EnosTokenSchema(Schema):
    """What the token service answers with: `status` 0 on success."""

    status = fields.Int(required=True)
    msg = fields.Str(required=True)
    business = fields.Str(required=True)
    data = fields.Raw(required=True, allow_none=True)


_SCHEMES = ("apim-accesstoken", "apim-timestamp", "apim-signature")
_STATUSES = {
    200: "The result, or a business failure",
    400: "The request cannot be read",
    401: "Wrong or missing credentials",
    413: "The body is too large",
    429: "Too many requests",
    503: "Service unavailable",
}


def security_schemes(spec: APISpec) -> None:
    """Describe the credentials: a token with its signature, or an encrypted block alone."""
    for name in _SCHEMES:
        spec.components.security_scheme(name, {"type": "apiKey", "in": "header", "name": name})


def described(operations: Iterable[EnosOperation]) -> dict[str, Any]:
    """Return the description of the operations of one path and method."""
    listed = list(operations)
    names = {"action": [one.action for one in listed]}
    parameters = [
        {"in": "query", "name": "action", "required": True, "schema": {"type": "string", "enum": names["action"]}}
    ]
    parameters += [{"in": "query", "name": name, "schema": {"type": "string"}} for name in ("userId", "orgId")]
    found: dict[str, Any] = {
        "summary": "; ".join(f"{one.action}: {one.summary}" for one in listed),
        "parameters": parameters,
        "security": [{name: [] for name in _SCHEMES}, {_SCHEMES[0]: []}],
        "responses": answers(EnosFrameSchema),
    }
    if listed[0].method == "POST":
        found["requestBody"] = {"content": {"application/json": {"schema": {"type": "object"}}}, "required": False}
    return found


def answers(schema: type[Schema]) -> dict[str, Any]:
    """Return the answers there can be, all in one frame."""
    content = {"application/json": {"schema": schema}}
    return {str(status): {"description": text, "content": content} for status, text in _STATUSES.items()}
