"""Answers as JSON or XML (schedulerx.md sections 5 and 6)."""

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape

from flask import Response

from ...domain.errors import TriggerError
from ...logs import request_id
from .errors import wire_error

_TYPES = {"JSON": "application/json;charset=utf-8", "XML": "text/xml;charset=utf-8"}
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def success(data: Mapping[str, Any] | None, action: str, form: str) -> Response:
    """Return the answer of an action; `form` is "JSON" or "XML"."""
    answer = {"RequestId": _request_id(), "Code": 200, "Success": True}
    return _response(answer if data is None else {**answer, "Data": data}, f"{action}Response", form)


def failure(error: TriggerError, host: str, action: str, form: str) -> Response:
    """Return the answer for an error: refused by the job (HTTP 200), or not let through to it (4xx, 5xx)."""
    wire = wire_error(error)
    answer: dict[str, Any] = {"RequestId": _request_id()}
    if wire.status == 200:
        answer |= {"Code": wire.code, "Success": False, "Message": error.message}
        return _response(answer, f"{action}Response", form)
    answer |= {"HostId": host, "Code": wire.code, "Message": error.message}
    response = _response(answer, "Error", form, wire.status)
    seconds = error.details.get("retry_after")
    if isinstance(seconds, int):
        response.headers["Retry-After"] = str(seconds)
        response.headers["x-acs-retry-after"] = str(seconds * 1000)
    if "allow" in error.details:
        response.headers["Allow"] = str(error.details["allow"])
    return response


def _request_id() -> str:
    """Return the request's id as an upper-case UUID; where it is none, a new one stands in the answer."""
    try:
        return str(uuid.UUID(request_id.get())).upper()
    except ValueError:
        return str(uuid.uuid4()).upper()


def _response(answer: Mapping[str, Any], root: str, form: str, status: int = 200) -> Response:
    if form == "JSON":
        text = _encode(answer)
    else:
        text = f"<?xml version='1.0' encoding='UTF-8'?><{root}>{''.join(_elements(answer))}</{root}>"
    response = Response(text.encode(errors="replace"), status, content_type=_TYPES[form])
    response.headers["Cache-Control"] = "no-store"
    return response


def _elements(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        for one in value if isinstance(value, list) else [value]:
            yield f"<{name}>{_inside(one)}</{name}>"


def _inside(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(_elements(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(_NO_XML.sub("\ufffd", str(value)))
