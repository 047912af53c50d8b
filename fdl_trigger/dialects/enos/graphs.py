"""Flows, instances and their graphs as this wire shows them (enos-flows.md section 5)."""

from collections.abc import Mapping
from typing import Any

from ...core.exposure import Exposed
from ...domain.clock import Clock
from ...domain.flow import Extent, Portion
from ...domain.records import Instance, NodeRun
from ..base import Services
from .answers import as_text
from .commands import PLACEHOLDER
from .flows import document_of, owns, semicolons
from .identifiers import suffix_of
from .times import stamp_text, time_text
from .words import INIT, SKIP, WORDS, status_of, status_of_node

WHOLE = Portion(Extent.WHOLE)


class Graphs:
    """Builds what is told of flows and instances."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @property
    def _clock(self) -> Clock:
        return self._services.clock

    def flow(self, flow: Exposed, user: str) -> dict[str, Any]:
        """Return a flow."""
        task, names = flow.task, flow.names
        return {
            "flowId": task.id,
            "flowName": task.name,
            "active": int(task.enabled and task.version is not None),
            "creator": names["owners"][0],
            "createTime": time_text(task.created_at),
            "updateUser": names["owners"][0],
            "updateTime": time_text(task.updated_at),
            "freq": names.get("freq", ""),
            "cycle": names.get("cycle", ""),
            "parameters": as_text(_parameters(flow)),
            "owner": semicolons(names["owners"]),
            "visitor": semicolons(names.get("visitors", ())),
            "doAs": names.get("doAs", ""),
            "alertMode": names.get("alertMode", 0),
            "graph": as_text(self._graph(flow)),
            "entry": 1,
            "type": names.get("type", 0),
            "syncType": names.get("syncType", 0),
            "desc": task.description,
            "startTime": names.get("startTime"),
            "virtual": False,
            "locked": False,
            "hasEditPri": owns(flow, user),
            "hasReadPri": True,
            "isUserLocked": self._services.flow_people().is_locked(user),
        }

    def instance(self, one: Instance, flow: Exposed, user: str, runs: Mapping[str, NodeRun]) -> dict[str, Any]:
        """Return an instance with its graph."""
        return {
            **self._instance(one, flow, user, runs),
            "calDt": (time_text(_trigger_time(one)) or "")[:10],
            "alertMode": flow.names.get("alertMode", 0),
        }

    def listed(self, one: Instance, flow: Exposed, user: str, runs: Mapping[str, NodeRun]) -> dict[str, Any]:
        """Return an instance as lists show it."""
        cancelled = WORDS[status_of(one, self._clock())] == "CANCEL"
        return {**self._instance(one, flow, user, runs), "isCancelled": cancelled}

    def _instance(self, one: Instance, flow: Exposed, user: str, runs: Mapping[str, NodeRun]) -> dict[str, Any]:
        names, status = flow.names, status_of(one, self._clock())
        return {
            "instanceId": f"{flow.task.id}-{suffix_of(one)}",
            "flowId": flow.task.id,
            "flowName": one.task_name,
            "freq": names.get("freq", ""),
            "cycle": names.get("cycle", ""),
            "parameters": as_text([*_visible(flow, one)]),
            "doAs": names.get("doAs", ""),
            "graph": as_text(self._graph(flow, one, runs)),
            "status": status,
            "statusDesc": WORDS[status],
            "triggerTime": time_text(_trigger_time(one)),
            "startTime": time_text(one.started_at),
            "endTime": time_text(one.finished_at),
            "timestamp": stamp_text(one.created_at),
            "virtual": False,
            "owner": semicolons(names["owners"]),
            "hasEditPri": owns(flow, user),
            "hasReadPri": True,
        }

    def _graph(
        self, flow: Exposed, one: Instance | None = None, runs: Mapping[str, NodeRun] | None = None
    ) -> dict[str, Any]:
        document, names, number = document_of(flow), flow.names, flow.task.id
        nodes = [node for node in document["nodes"] if node["id"] != PLACEHOLDER]
        numbers = self._services.numbers().of_nodes(number, [node["id"] for node in nodes])
        tasks = [self._task(node, place, numbers[node["id"]]) for place, node in enumerate(nodes)]
        graph: dict[str, Any] = {
            "creator": names["owners"][0],
            "freq": names.get("freq", ""),
            "alertMode": names.get("alertMode", 0),
            "owners": semicolons(names["owners"]),
            "cycle": names.get("cycle", ""),
            "doAs": names.get("doAs", ""),
            "name": flow.task.name,
            "id": str(number),
            "flows": [],
            "relations": _relations(document, numbers),
            "parameters": _parameters(flow),
            "tasks": tasks,
        }
        if one is not None:
            graph["instId"] = f"{number}-{suffix_of(one)}"
            for node, task in zip(nodes, tasks, strict=True):
                task["taskInstId"] = f"{task['taskId']}-{suffix_of(one)}"
                task["taskId"] = int(task["taskId"])
                task["status"] = _word(one, (runs or {}).get(node["id"]))
        return graph

    def _task(self, node: Mapping[str, Any], place: int, number: int) -> dict[str, Any]:
        name = node.get("name") or node["id"]
        x, y = 100 + 200 * (place % 5), 100 + 100 * (place // 5)
        return {"taskName": name, "x": x, "y": y, "taskId": str(number), "nodeId": f"t_{number}"}


def _trigger_time(one: Instance) -> int:
    return one.created_at if one.service_date is None else one.service_date


def _word(one: Instance, run: NodeRun | None) -> str:
    if run is not None:
        return WORDS[status_of_node(run.state)]
    return WORDS[SKIP if one.apparent_state.is_final else INIT]


def _relations(document: Mapping[str, Any], numbers: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "cycleGap": "D0",
            "rerun": True,
            "source": f"t_{numbers[line['from']]}",
            "target": f"t_{numbers[line['to']]}",
        }
        for line in document.get("lines") or ()
        if line["from"] in numbers and line["to"] in numbers
    ]


def _parameters(flow: Exposed) -> list[dict[str, Any]]:
    document = document_of(flow)
    return [
        {"key": one["name"], "value": one.get("value")}
        for one in document.get("params") or ()
        if str(one.get("type", "")).upper() != "SECRET"
    ]


def _visible(flow: Exposed, one: Instance) -> list[dict[str, Any]]:
    """Return the values an instance runs with; those of secret parameters are left out."""
    defaults = {parameter["key"]: parameter["value"] for parameter in _parameters(flow)}
    return [{"key": key, "value": one.params.get(key, value)} for key, value in defaults.items()]
