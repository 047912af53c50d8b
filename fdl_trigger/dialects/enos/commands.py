"""Tasks of flows: COMMAND is a SHELL node, every other type is a node type of this service under its own name.

`cmd` of a COMMAND is its command line. Settings of other nodes may hold credentials: they can come in `cmd` as JSON
but are never told; an import that does not bring any keeps those the node has.
"""

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from ...domain.errors import InvalidRequest
from ...nodes.masking import Masker

PLACEHOLDER = "_empty"
"""The id of the node that stands in a flow without tasks, which a definition cannot be."""

COMMAND = "COMMAND"
_masker = Masker(())
_NODE_KEYS = ("config", "judgment", "nodes", "lines")
_REPLACED = re.compile(r"[^\w-]+", re.ASCII)


def type_of(node: Mapping[str, Any]) -> str:
    """Return the type of a node on this wire."""
    return COMMAND if node["type"] == "SHELL" else str(node["type"])


def shown(node: Mapping[str, Any]) -> str:
    """Return the `cmd` of a node, without what looks like a secret."""
    command = (node.get("config") or {}).get("command")
    if node["type"] != "SHELL" or not isinstance(command, list):
        return ""
    return _masker.text(shlex.join(map(str, command)))


def as_node(task: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]], taken: set[str]) -> dict[str, Any]:
    """Return the node a task describes; `known` holds the nodes of the flow so far by name, `taken` the ids in use.

    Raises InvalidRequest.
    """
    name = _text(task, "name") or _text(task, "taskName")
    if not name:
        raise InvalidRequest("A task needs a name.")
    earlier, kind = known.get(name), _text(task, "type") or COMMAND
    node_id = str(earlier["id"]) if earlier else _fresh_id(name, taken)
    taken.add(node_id)
    base = {"id": node_id, "name": name, "type": "SHELL" if kind == COMMAND else kind}
    command = _text(task, "cmd")
    if earlier is not None and type_of(earlier) == kind and command == shown(earlier):
        return {**{key: earlier[key] for key in _NODE_KEYS if key in earlier}, **base}
    return {**base, **(_shell(command) if kind == COMMAND else _settings(command))}


def _shell(command: str) -> dict[str, Any]:
    try:
        return {"config": {"command": shlex.split(command)}}
    except ValueError as error:
        raise InvalidRequest(f"cmd: {error}.") from None


def _settings(text: str) -> dict[str, Any]:
    try:
        settings = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        raise InvalidRequest("cmd of a task that is no COMMAND is a JSON object.") from None
    if not isinstance(settings, dict):
        raise InvalidRequest("cmd of a task that is no COMMAND is a JSON object.")
    return {key: settings[key] for key in _NODE_KEYS if key in settings}


def _fresh_id(name: str, taken: set[str]) -> str:
    stem = _REPLACED.sub("_", name).strip("_")[:50] or "task"
    number, found = 1, stem
    while found in taken:
        number, found = number + 1, f"{stem}_{number + 1}"
    return found


def _text(task: Mapping[str, Any], name: str) -> str:
    value = task.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidRequest(f"{name} of a task must be a text.")
    return value or ""
