"""Writing a document back as a task file, and telling whether two documents say the same."""

import json
from collections.abc import Mapping
from typing import Any

import tomli_w

from .entries import used_connections

_ORDER = ("workId", "workName", "folder", "description", "params", "control", "nodes", "lines", "plans")


def dump(document: Mapping[str, Any]) -> str:
    """Return a task file with the one document; reading it gives the same definition again.

    TOML has no null: keys whose value is null are left out, and a null inside a list raises ValueError.
    """
    ordered = {key: document[key] for key in _ORDER if key in document} | dict(document)
    has_returns = "\\r" in json.dumps(document)  # a multi-line string would turn them into plain line ends
    text = tomli_w.dumps({"tasks": [_without_null(ordered, "")]}, multiline_strings=not has_returns)
    used = sorted({name for _, name in used_connections(document)})
    heading = f"# uses the connections: {', '.join(used)}\n\n" if used else ""
    return heading + text


def same_document(left: Mapping[str, Any] | None, right: Mapping[str, Any] | None) -> bool:
    """Tell whether two documents say the same, whatever their workId and their empty values."""
    return bool(_bare(left) == _bare(right))


def _bare(document: Any) -> Any:
    if document is None:
        return None
    kept = _without_null({key: value for key, value in document.items() if key != "workId"}, "", keep_in_lists=True)
    return {key: value for key, value in kept.items() if value not in ("", [], {})}


def _without_null(value: Any, key: str, keep_in_lists: bool = False) -> Any:
    if isinstance(value, Mapping):
        kept = {name: inner for name, inner in value.items() if inner is not None}
        return {name: _without_null(inner, f"{key}.{name}".strip("."), keep_in_lists) for name, inner in kept.items()}
    if isinstance(value, list | tuple):
        return [_without_null(inner, f"{key}[{index}]", keep_in_lists) for index, inner in enumerate(value)]
    if value is None and not keep_in_lists:
        raise ValueError(f"{key} is null, which TOML cannot express")
    return value
