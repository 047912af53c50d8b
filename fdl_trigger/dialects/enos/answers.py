"""The frames of this wire: that of the service and that of the token service."""

import json
from typing import Any

from flask import Response

from ...domain.errors import TriggerError
from .errors import Refusal, wire_error

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def success(data: Any) -> Response:
    """Return the answer that carries `data`."""
    return _response({"code": 0, "msg": "OK", "data": data}, 200)


def refusal(refused: Refusal) -> Response:
    """Return the answer for a failure only this wire knows."""
    return _response({"code": refused.code, "msg": refused.text, "data": None}, 200)


def failure(error: TriggerError) -> Response:
    """Return the answer for an error, with `Allow` and `Retry-After` where they belong."""
    wire = wire_error(error)
    text = f"{wire.text} {error.message}" if wire.explains else wire.text
    response = _response({"code": wire.code, "msg": text, "data": None}, wire.status)
    for header, detail in (("Allow", "allow"), ("Retry-After", "retry_after")):
        if detail in error.details:
            response.headers[header] = str(error.details[detail])
    return response


def token_answer(status: int, text: str, data: Any = None) -> Response:
    """Return an answer of the token service; always HTTP 200."""
    return _response({"status": status, "msg": text, "business": "apim-token-service", "data": data}, 200)


def as_text(value: Any) -> str:
    """Return the JSON text of what this wire carries as a text."""
    return _encode(value)


def _response(payload: dict[str, Any], status: int) -> Response:
    return Response(_encode(payload).encode(errors="replace"), status, content_type="application/json")
