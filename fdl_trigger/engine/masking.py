"""Keeping secrets out of run logs and messages."""

from collections.abc import Collection, Iterator
from typing import Any

from ..domain.records import Connection

MASK = "******"
MIN_LENGTH = 4  # a shorter value would mask ordinary text
_PLAIN = frozenset(
    (
        *("path", "type", "name", "url", "host", "port", "user", "database", "schema", "mode"),
        *("caFile", "certFile", "keyFile"),
    )
)


def mask(text: str, secrets: Collection[str]) -> str:
    """Replace every secret in the text."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


def secret_values(connection: Connection) -> set[str]:
    """Return the values of a connection that must never be shown: all texts but those under well-known plain keys."""
    return {text for text in _texts(connection.settings) if len(text) >= MIN_LENGTH}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in _PLAIN:
                yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
