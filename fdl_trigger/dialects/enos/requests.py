"""Reading a request: its query, its JSON body whatever its label, and numbers that may come as texts."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...domain.errors import InvalidParameter, InvalidRequest
from ...domain.records import Principal
from ..bodies import read_body, read_query

_INTEGER = re.compile(r"\s*-?\d{1,19}\s*", re.ASCII)
_LARGEST = 2**53
Pairs = list[tuple[str, str]]


def query_pairs(query_string: str) -> Pairs:
    """Return the decoded query in its order; raises InvalidParameter when it cannot be read."""
    try:
        query = read_query(query_string)
    except InvalidRequest as error:
        raise InvalidParameter(error.message) from None
    return [(name, value) for name, values in query.items() for value in values]


def json_body(data: bytes) -> dict[str, Any]:
    """Return the JSON object in a body, also when it was encoded as JSON a second time; raises InvalidRequest."""
    try:
        if data.lstrip()[:1] == b'"':
            data = _unwrapped(data)
        return read_body(data)
    except InvalidParameter as error:
        raise InvalidRequest(error.message) from None


def _unwrapped(data: bytes) -> bytes:
    try:
        return str(json.loads(data)).encode()
    except (ValueError, RecursionError):
        raise InvalidRequest from None


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was let in: who asks in whose name, and what came with it."""

    principal: Principal
    user: str
    organization: str
    query: Mapping[str, str]
    body: Mapping[str, Any]

    def number(self, name: str) -> int:
        """Return a required integer of the body; raises InvalidRequest."""
        found = as_integer(self.body.get(name))
        if found is None:
            raise InvalidRequest(f"{name} must be an integer.")
        return found

    def optional_number(self, name: str) -> int | None:
        """Return an integer of the body, None when it is not given; raises InvalidRequest."""
        return None if self.body.get(name) in (None, "") else self.number(name)

    def text(self, name: str, *, default: str | None = None, longest: int = 4096) -> str:
        """Return a text of the body; raises InvalidRequest for another type, or when it is missing without default."""
        value = self.body.get(name, default)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or len(value) > longest:
            raise InvalidRequest(f"{name} must be a text.")
        return value

    def asked(self, name: str) -> str:
        """Return a query parameter, an empty text when it is not given."""
        return self.query.get(name, "")

    def asked_number(self, name: str) -> int:
        """Return a required integer of the query; raises InvalidParameter."""
        found = as_integer(self.asked(name))
        if found is None:
            raise InvalidParameter(f"{name} must be an integer.")
        return found


def as_integer(value: object) -> int | None:
    """Return the integer a JSON value stands for, as a number or as digits; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    return value if isinstance(value, int) and abs(value) <= _LARGEST else None
