"""Secrets of tasks and connections: masked in every answer, and put back where a masked text comes back unchanged."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..domain.errors import InvalidParameter
from ..nodes.masking import Masker, names_a_secret

MASK = "******"
PART_MASK = "***"  # what stands for a secret inside an address or a text
# Not "url": the address of a webhook is its secret.
_PLAIN = frozenset(
    {"path", "type", "kind", "name", "host", "port", "user", "database", "schema", "encoding", "mode"}
    | {"caFile", "certFile", "keyFile"}
)
_PLAIN_HEADERS = frozenset({"accept", "accept-charset", "accept-language", "content-type", "user-agent"})
_TABLES = frozenset({"headers", "params", "fields", "env", "args", "content"})
_SECRET_KEYS = frozenset({"password", "passwd", "secret", "token", "apikey", "credential", "authorization"})
_TEXTS: dict[str, Callable[[str], str]] = {"url": Masker(()).url, "content": Masker(()).text}


def mask_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a connection with every text masked that does not stand under a plain name."""
    return {name: value if name in _PLAIN else _mask_all(value) for name, value in settings.items()}


def _mask_all(value: Any) -> Any:
    if isinstance(value, Mapping):
        return mask_settings(value)
    if isinstance(value, list | tuple):
        return [_mask_all(inner) for inner in value]
    return MASK if isinstance(value, str) and value else value


def mask_document(value: Any, key: str = "") -> Any:
    """Return a task's document with what looks like a secret masked: credentials, headers, telling parameters."""
    if key == "authorization" and isinstance(value, Mapping):
        return mask_settings(value)
    if isinstance(value, Mapping):
        return {name: _mask_member(key, name, inner) for name, inner in _named(value, key)}
    if isinstance(value, list | tuple):
        return _mask_command(value) if key == "command" else [mask_document(inner, key) for inner in value]
    if isinstance(value, str) and value:
        return MASK if key.lower() in _SECRET_KEYS else _TEXTS.get(key, str)(value)
    return value


def _mask_command(words: Sequence[Any]) -> list[Any]:
    """Mask what follows options such as `--password x` and `--token=x`, the latter as a whole."""
    before = ["", *map(str, words)]
    return [
        MASK if _is_option(str(one), "=") or _is_option(last, "") else one
        for last, one in zip(before, words, strict=False)
    ]


def _is_option(word: str, sign: str) -> bool:
    name, found, _ = word.partition("=")
    return found == sign and name.startswith("-") and names_a_secret(name)


def _named(value: Mapping[str, Any], key: str) -> Iterator[tuple[str, Any]]:
    """Yield the members; those of an entry such as {name: "token", value: "..."} already masked."""
    is_entry = key in _TABLES and isinstance(value.get("name"), str)
    for name, inner in value.items():
        hidden = is_entry and name == "value" and (value.get("type") == "SECRET" or _is_telling(key, value["name"]))
        yield name, MASK if hidden and isinstance(inner, str) and inner else inner


def _mask_member(key: str, name: str, value: Any) -> Any:
    is_table = key in _TABLES and name not in ("name", "value", "type")
    if is_table and isinstance(value, str) and value and _is_telling(key, name):
        return MASK
    return mask_document(value, "content" if key == "content" else name)


def _is_telling(table: str, name: str) -> bool:
    return (table == "headers" and name.lower() not in _PLAIN_HEADERS) or names_a_secret(name)


def unmask(given: Any, shown: Any, kept: Any, path: str = "") -> Any:
    """Return what was given with the kept secret wherever the given text is the masked one that was shown.

    Raises InvalidParameter for a mask that stands where no secret was kept.
    """
    if isinstance(given, Mapping):
        pairs = {name: (_at(shown, name), _at(kept, name)) for name in given}
        return {name: unmask(inner, *pairs[name], f"{path}.{name}") for name, inner in given.items()}
    if isinstance(given, list | tuple):
        return [
            unmask(inner, *_partner(inner, index, shown, kept), f"{path}[{index}]") for index, inner in enumerate(given)
        ]
    if given == shown and kept is not None:
        return kept
    if isinstance(given, str) and (MASK in given or (shown != kept and PART_MASK in given)):
        raise InvalidParameter(
            f"{path.lstrip('.')}: holds a mask; write the value itself.", problems=[(path.lstrip("."), "holds a mask")]
        )
    return given


def _at(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def _partner(inner: Any, index: int, shown: Any, kept: Any) -> tuple[Any, Any]:
    """Return the shown and the kept entry that belong to a given one: of the same id or name, else at its place."""
    if not (isinstance(shown, list | tuple) and isinstance(kept, list | tuple)):
        return None, None
    for key in ("id", "name"):
        if isinstance(inner, Mapping) and key in inner:
            places = [place for place, other in enumerate(shown) if _at(other, key) == inner[key]]
            return (shown[places[0]], kept[places[0]]) if len(places) == 1 else (None, None)
    return (shown[index], kept[index]) if index < min(len(shown), len(kept)) else (None, None)
