"""Answers and error bodies (roma-scheduled-calls.md sections 6 and 7)."""

import json
import re
import uuid
from typing import Any

from flask import Response

from ...domain.errors import TriggerError
from ...logs import request_id
from .errors import wire_error


def success(payload: Any, status: int) -> Response:
    """Return an answer; None has no body."""
    if payload is None:
        return Response(b"", status)
    return _response(payload, status)


def failure(error: TriggerError, *, is_fdi: bool) -> Response:
    """Return the answer for an error, with `Allow` and `Retry-After` where they belong."""
    wire = wire_error(error)
    code = wire.error_code.replace("FDLT.", "FDI.") if is_fdi else wire.error_code
    response = _response({"error_code": code, "error_msg": error.message, "request_id": _request_id()}, wire.status)
    for header, detail in (("Allow", "allow"), ("Retry-After", "retry_after")):
        if detail in error.details:
            response.headers[header] = str(error.details[detail])
    return response


def _request_id() -> str:
    """Return the id of the request in the vendor's form, 32 hexadecimal digits."""
    known = request_id.get().replace("-", "").lower()
    return known if re.fullmatch("[0-9a-f]{32}", known) else uuid.uuid5(uuid.NAMESPACE_OID, request_id.get()).hex


def _response(payload: Any, status: int) -> Response:
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return Response(text.encode(errors="replace"), status, content_type="application/json")
