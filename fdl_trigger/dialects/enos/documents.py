"""Flows as documents: saved, imported, exported, deleted (flowJson, enos-flows.md section 5)."""

import json
from collections.abc import Mapping
from typing import Any

from ...core.exposure import Exposed
from ...domain.errors import InvalidRequest
from ...domain.records import Task
from ..base import Services
from .commands import COMMAND, PLACEHOLDER, as_node, shown, type_of
from .errors import IN_USE, Refusal
from .flows import Flows, document_of, semicolons
from .requests import Call, as_integer

_TEXTS = ("freq", "cycle", "doAs", "startTime")
_NUMBERS = ("alertMode", "type", "syncType")
_LONGEST_JSON = 1024 * 1024


class Documents:
    """The operations on definitions. What is saved is published at once; a flow without tasks stays a draft."""

    def __init__(self, services: Services, flows: Flows) -> None:
        self._services = services
        self._flows = flows

    def save(self, call: Call) -> dict[str, int]:
        """Save a flow: the one with the body's `id`, otherwise a new one."""
        number = call.optional_number("id") or 0
        return {"flowId": self._save(number, call.body, call, {})}

    def import_(self, call: Call) -> dict[str, int]:
        """Save a flow from its exported form, under another name and in a directory where these are given."""
        flow_json, number = _flow_json(call.body.get("flowJson")), call.optional_number("flowId") or 0
        over: dict[str, Any] = {"name": call.text("flowName", default="") or flow_json.get("name")}
        if description := call.text("desc", default=""):
            over["desc"] = description
        directory = call.body.get("dirId")
        keys = {} if directory in (None, "") else {"folder": self._folder(directory)}
        return {"flowId": self._save(number, {**flow_json, **over}, call, keys)}

    def _folder(self, directory: object) -> str:
        number = as_integer(directory)
        path = None if number is None else self._services.numbers().folder(number)
        if path is None:
            raise InvalidRequest("There is no such directory.")
        return path

    def _save(self, number: int, body: Mapping[str, Any], call: Call, keys: Mapping[str, Any]) -> int:
        self._flows.require_unlocked(call)
        earlier = self._flows.to_change(number, call).task if number else None
        document = {**_document(body, earlier, call), **keys}
        tasks, principal = self._services.tasks(), call.principal
        if earlier is None and any(one.name == document["workName"] for one in tasks.list()):
            raise InvalidRequest("There is already a flow of this name.")
        saved = tasks.save(document, principal)
        if saved.draft["nodes"][0]["id"] != PLACEHOLDER:
            saved = tasks.publish(uid=saved.uid, principal=principal)
        active = as_integer(body.get("active"))
        if active is not None and bool(active) != saved.enabled:
            tasks.enable(uid=saved.uid, enabled=bool(active), principal=principal)
        return saved.id

    def export(self, call: Call) -> dict[str, Any]:
        """Return a flow in the form `import` takes; settings that may hold credentials are left out."""
        return _exported(self._flows.to_change(call.asked_number("flowId"), call), call.user)

    def delete(self, call: Call) -> str:
        """Delete a flow that no other one calls."""
        flow = self._flows.to_change(call.asked_number("flowId"), call)
        if any(_calls(task, flow.task.name) for task in self._services.tasks().list()):
            raise Refusal(62104, IN_USE)
        self._services.tasks().delete(uid=flow.task.uid, principal=call.principal)
        return ""


def _calls(task: Task, name: str) -> bool:
    documents = [task.draft, task.published or {}]
    nodes = [node for document in documents for node in document.get("nodes") or ()]
    inner = [node for outer in nodes for node in outer.get("nodes") or ()]
    return task.name != name and any(
        node["type"] == "CALL_TASK" and (node.get("config") or {}).get("task") == name for node in (*nodes, *inner)
    )


def _flow_json(given: object) -> dict[str, Any]:
    if isinstance(given, str) and len(given) <= _LONGEST_JSON:
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            given = None
    if not isinstance(given, dict):
        raise InvalidRequest("flowJson is an object, or its JSON text.")
    return given


def _document(body: Mapping[str, Any], earlier: Task | None, call: Call) -> dict[str, Any]:
    kept = {} if earlier is None else dict(earlier.draft)
    name = body.get("name") or kept.get("workName")
    if not isinstance(name, str):
        raise InvalidRequest("name must be a text.")
    names = dict((kept.get("expose") or {}).get("enos") or {})
    document = {
        **kept,
        "workName": name,
        "expose": {**(kept.get("expose") or {}), "enos": _names(body, names, call)},
    }
    if body.get("desc") is not None:
        document["description"] = body["desc"]
    if body.get("parameters") not in (None, ""):
        document["params"] = _params(body["parameters"])
    if body.get("tasks") is not None or "nodes" not in kept:
        document.update(_flow(body, kept))
    if earlier is not None:
        document["workId"] = earlier.uid
    return document


def _names(body: Mapping[str, Any], kept: dict[str, Any], call: Call) -> dict[str, Any]:
    found: dict[str, Any] = {"owners": [call.user], **kept, "orgId": call.organization}
    for name in ("owners", "visitors"):
        if body.get(name) not in (None, ""):
            found[name] = _people(body[name])
    if call.user not in found["owners"] and not kept:
        found["owners"] = [call.user, *found["owners"]]
    freq = body.get("freq") or body.get("cron")
    for name in _TEXTS:
        value = freq if name == "freq" else body.get(name)
        if value not in (None, ""):
            found[name] = str(value)
    for name in _NUMBERS:
        value = as_integer(body.get(name))
        if value is not None:
            found[name] = value
    return found


def _people(given: object) -> list[str]:
    if not isinstance(given, str | list):
        raise InvalidRequest("Owners and visitors are lists written with semicolons.")
    people = given.replace(",", ";").split(";") if isinstance(given, str) else given
    return list(dict.fromkeys(str(one).strip() for one in people if str(one).strip()))


def _params(given: object) -> list[dict[str, Any]]:
    try:
        listed = json.loads(given) if isinstance(given, str) else given
    except (ValueError, RecursionError):
        listed = None
    if not isinstance(listed, list) or not all(isinstance(one, dict) and "key" in one for one in listed):
        raise InvalidRequest('parameters is a list of {"key", "value"}.')
    return [{"name": one["key"], "value": one.get("value")} for one in listed]


def _flow(body: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    known = {str(node.get("name") or node["id"]): node for node in kept.get("nodes") or () if node["id"] != PLACEHOLDER}
    taken = {str(node["id"]) for node in known.values()}
    tasks = body.get("tasks") or []
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise InvalidRequest("tasks is a list of objects.")
    nodes = [as_node(task, known, taken) for task in tasks]
    ids: dict[object, str] = {node["name"]: node["id"] for node in nodes}
    for task, node in zip(tasks, nodes, strict=True):
        for key in ("nodeId", "id"):
            if isinstance(task.get(key), str | int):
                ids[str(task[key])] = node["id"]
    if not nodes:
        return {"nodes": [{"id": PLACEHOLDER, "type": "VIRTUAL"}], "lines": []}
    retry = max((as_integer(task.get("retryLimit")) or 0 for task in tasks), default=0)
    found: dict[str, Any] = {"nodes": nodes, "lines": _lines(body.get("relations") or [], ids, kept)}
    if retry > 0:
        found["control"] = {**(kept.get("control") or {}), "retry": _retry(tasks, retry)}
    return found


def _retry(tasks: list[Mapping[str, Any]], times: int) -> dict[str, Any]:
    seconds = max((as_integer(task.get("retryInterval")) or 0 for task in tasks), default=0)
    return {"enabled": True, "times": times, "intervalMinutes": seconds / 60}


def _lines(relations: object, ids: Mapping[object, str], kept: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not isinstance(relations, list):
        raise InvalidRequest("relations is a list.")
    earlier = {(line["from"], line["to"]): line for line in kept.get("lines") or ()}
    lines = []
    for one in relations:
        if not isinstance(one, dict):
            raise InvalidRequest("relations is a list of objects.")
        ends = [_end(one, "sourceTaskName", "source", ids), _end(one, "targetTaskName", "target", ids)]
        lines.append(earlier.get((ends[0], ends[1]), {"from": ends[0], "to": ends[1]}))
    return lines


def _end(relation: Mapping[str, Any], name: str, number: str, ids: Mapping[object, str]) -> str:
    given = relation.get(name) or relation.get(number)
    found = ids.get(str(given)) if isinstance(given, str | int) else None
    if found is None:
        raise InvalidRequest("A relation names a task there is not.")
    return found


def _exported(flow: Exposed, user: str) -> dict[str, Any]:
    document, names = document_of(flow), flow.names
    nodes = [node for node in document["nodes"] if node["id"] != PLACEHOLDER]
    shown_names = _export_names(nodes)
    return {
        "name": flow.task.name,
        "cycle": names.get("cycle", ""),
        "cron": names.get("freq", ""),
        "parameters": [
            {"key": one["name"], "value": one.get("value")}
            for one in document.get("params") or ()
            if str(one.get("type", "")).upper() != "SECRET"
        ],
        "alertMode": names.get("alertMode", 0),
        "submitter": user,
        "owners": semicolons(names["owners"]),
        "visitors": semicolons(names.get("visitors", ())),
        "type": names.get("type", 0),
        "syncType": names.get("syncType", 0),
        "desc": flow.task.description,
        "startTime": names.get("startTime"),
        "tasks": [_exported_task(node, shown_names[node["id"]], user) for node in nodes],
        "flowLinks": [],
        "taskLinks": [],
        "relations": [
            {"sourceTaskName": shown_names[line["from"]], "targetTaskName": shown_names[line["to"]], "rerun": True}
            for line in document.get("lines") or ()
        ],
        "linkRelations": [],
    }


def _export_names(nodes: list[Mapping[str, Any]]) -> dict[str, str]:
    """Return the names of nodes by their ids; where two share a name, the id stands for it."""
    names = [str(node.get("name") or node["id"]) for node in nodes]
    return {
        node["id"]: name if names.count(name) == 1 else str(node["id"]) for node, name in zip(nodes, names, strict=True)
    }


def _exported_task(node: Mapping[str, Any], name: str, user: str) -> dict[str, Any]:
    kind = type_of(node)
    return {
        "name": name,
        "resource": "",
        "type": kind,
        "cmd": shown(node) if kind == COMMAND else "",
        "timeout": 0,
        "retryLimit": 0,
        "retryInterval": 0,
        "successCode": "0",
        "cron": "",
        "priorityLevel": 0,
        "asLink": False,
        "runMode": "",
        "submitter": user,
        "filePackage": "",
        "syncType": 0,
    }
