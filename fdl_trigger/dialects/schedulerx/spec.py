"""The OpenAPI description of the endpoint."""

from typing import Any

_TEXT = {"type": "string"}
_ANSWER = {
    "type": "object",
    "required": ["RequestId", "Code"],
    "properties": {
        "RequestId": _TEXT,
        "Code": {"oneOf": [{"type": "integer"}, _TEXT]},
        "Success": {"type": "boolean"},
        "Message": _TEXT,
        "Data": {"type": "object"},
        "HostId": _TEXT,
    },
}
_CONTENT = {
    "application/json;charset=utf-8": {"schema": _ANSWER},
    "text/xml;charset=utf-8": {"schema": _TEXT},
}
_STATUSES = {
    200: "Done (Code 200), or refused by the job (any other number, Success false)",
    400: "A parameter is missing or wrong, or the signature is",
    403: "Not granted",
    404: "No such action or access key",
    413: "The body is too large",
    429: "Too many requests",
    503: "The service is stopping, or its store cannot be written",
}
_PARAMETERS = ("Action", "Version", "Format", "AccessKeyId", "SignatureNonce", "Timestamp", "Signature")

DOCUMENTATION: dict[str, Any] = {
    "summary": "Every action, named by `Action` or the header `x-acs-action`",
    "description": "Signed by RPC (HMAC-SHA1) or ACS3-HMAC-SHA256; parameters in the query or in a form body.",
    "parameters": [{"in": "query", "name": name, "schema": _TEXT} for name in _PARAMETERS],
    "responses": {str(status): {"description": text, "content": _CONTENT} for status, text in _STATUSES.items()},
}
