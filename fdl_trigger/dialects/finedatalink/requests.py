"""Reading a request: identifiers from path, body and query, in this order; fields that may come as headers."""

from collections.abc import Iterable, Mapping
from typing import Any

from ...domain.errors import InvalidParameter
from ..bodies import Query

OPERATOR_LENGTH = 128


def merge(names: Iterable[str], path: Mapping[str, str], body: Mapping[str, Any], query: Query) -> dict[str, Any]:
    """Return the values of the named fields, each from the path, else the body, else the query.

    An empty text counts as not given. Raises InvalidParameter for a field that comes twice in the query.
    """
    found = {}
    for name in names:
        for value in (path.get(name), body.get(name), _from_query(name, query)):
            if value is not None and value != "":
                found[name] = value
                break
    return found


_HEADERS = {"idempotencyKey": "HTTP_IDEMPOTENCY_KEY", "since": "HTTP_LAST_EVENT_ID"}


def with_headers(values: dict[str, Any], names: Iterable[str], environ: Mapping[str, Any]) -> dict[str, Any]:
    """Add the fields that may also come as a header; raises InvalidParameter where header and field differ."""
    for name, header in _HEADERS.items():
        given = environ.get(header)
        if given and name in names:
            if name == "idempotencyKey" and values.get(name, given) != given:
                raise InvalidParameter(f"{name}: the header and the field differ; send it once.")
            values[name] = given
    return values


def read_operator(header: str | None, query: Query) -> str | None:
    """Return the name of the operating user (`decUser`, contract section 8.1), or None when none is given."""
    given = {value for value in (_from_header(header), _from_query("decUser", query)) if value is not None}
    if not given:
        return None
    if len(given) > 1:
        raise InvalidParameter("decUser: the header and the query name different users; send it once.")
    name = given.pop().strip()
    if not name or len(name) > OPERATOR_LENGTH or not name.isprintable():
        raise InvalidParameter(f"decUser: write a user name of 1 to {OPERATOR_LENGTH} printable characters.")
    return name


def _from_query(name: str, query: Query) -> str | None:
    values = query.get(name)
    if values is None:
        return None
    if len(values) > 1:
        raise InvalidParameter(f"{name}: is given {len(values)} times in the query; send it once.")
    if "\0" in values[0]:
        raise InvalidParameter(f"{name}: holds a NUL character; remove it.")
    return values[0]


def _from_header(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        raise InvalidParameter("decUser: the header is not valid UTF-8; send the name in the query.") from None
