"""Request bodies that are refused before a schema sees them."""

import json
from typing import Any, NoReturn

from flask import Request

from ..domain.errors import InvalidRequest

MAX_DEPTH = 32


def check_body(request: Request) -> None:
    """Raise InvalidRequest for a body that is not JSON, nests too deeply, or holds text that is not Unicode."""
    data = request.get_data()
    if not data:
        return
    if not request.is_json:
        raise InvalidRequest("Send the body as JSON, with Content-Type: application/json.")
    try:
        value = json.loads(data, parse_constant=_refuse)
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise InvalidRequest("The body nests too deeply.") from None
    except (ValueError, UnicodeError) as error:
        raise InvalidRequest(f"The body is not valid JSON: {_reason(error)}.") from None
    if _depth(value) > MAX_DEPTH:
        raise InvalidRequest(f"The body nests more than {MAX_DEPTH} levels deep.")


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}"
    return "it holds text that is not Unicode" if isinstance(error, UnicodeError) else "a number is out of range"


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [inner for outer in level for inner in _inside(outer)]
    return depth


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
