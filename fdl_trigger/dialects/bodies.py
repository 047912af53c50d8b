"""Reading the query and the JSON body of a request, strictly: what every dialect can take, and nothing half."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from ..domain.errors import InvalidParameter, InvalidRequest

MAX_DEPTH = 32
MAX_QUERY_FIELDS = 100

Query = Mapping[str, list[str]]


def read_query(text: str) -> dict[str, list[str]]:
    """Return the values of each parameter of a WSGI query string; raises InvalidRequest when it cannot be read."""
    if not text:
        return {}
    try:
        unquoted = text.encode("latin-1").decode()
        pairs = parse_qsl(unquoted, keep_blank_values=True, errors="strict", max_num_fields=MAX_QUERY_FIELDS)
    except UnicodeError:
        raise InvalidRequest("The query is not valid UTF-8; percent-encode it as UTF-8.") from None
    except ValueError:
        raise InvalidRequest(f"The query has more than {MAX_QUERY_FIELDS} fields.") from None
    query: dict[str, list[str]] = {}
    for name, value in pairs:
        query.setdefault(name, []).append(value)
    return query


def read_body(data: bytes) -> dict[str, Any]:
    """Return the JSON object in a request body, whatever its content type says; nothing, `""` and `{}` are alike.

    Raises InvalidRequest for what cannot be read and InvalidParameter for text no field can take.
    """
    if not data:
        return {}
    value = _parse(_decode(data))
    if value in ("", None):
        return {}
    if not isinstance(value, dict):
        raise InvalidRequest('The body must be a JSON object such as {"workId": "..."}.')
    return value


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The body is not valid UTF-8 (byte {error.start}); send JSON in UTF-8.") from None


def _parse(text: str) -> Any:
    if not text.strip():
        return None
    try:
        value = _DECODER.decode(text)
        _check_depth(value, text)
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InvalidRequest(f"The body is not valid JSON: {error.msg} ({place}).") from None
    except ValueError as error:
        raise InvalidRequest(f"The body is not valid JSON: {error}.") from None
    if "\\" in text:  # only an escape can hide a NUL or half a surrogate pair
        _check_texts(value)
    return value


def _too_deep() -> InvalidRequest:
    return InvalidRequest(f"The body is nested more than {MAX_DEPTH} levels deep; flatten it.")


def _check_depth(value: Any, text: str) -> None:
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent) if isinstance(child, dict | list)]
    if level:
        raise _too_deep()


def _children(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _check_texts(value: Any) -> None:
    for path, text in _texts(value, ""):
        name = path or "The body"
        if "\0" in text:
            raise InvalidParameter(f"{name}: holds a NUL character; remove it.")
        if not _is_unicode(text):
            raise InvalidParameter(f"{name}: holds half of a surrogate pair; send whole characters.")


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, child in value.items():
            yield ("a field name" if not path else f"a name in {path}"), key
            yield from _texts(child, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _texts(child, f"{path}[{index}]")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for index, name in enumerate(names) if name in names[:index])
        raise InvalidParameter(f"{twice[:80]}: is given twice in the body; send it once.")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
