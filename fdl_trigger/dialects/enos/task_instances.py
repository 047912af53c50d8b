"""The run of one task of an instance, and its log."""

from typing import Any

from ...core.exposure import Exposed
from ...domain.errors import InstanceNotFound, InvalidParameter
from ...domain.operations import Operation
from ...domain.records import Instance, NodeRun
from ...domain.states import State
from ..base import Services
from .commands import COMMAND, shown, type_of
from .errors import NO_LOG, Refusal
from .flows import document_of
from .identifiers import InstanceId, parse, suffix_of
from .instances import Instances
from .requests import Call, as_integer
from .times import stamp_text, time_text
from .words import WORDS, status_of_node

LONGEST_LOG = 2**20


class TaskInstances:
    """The operations on task instances."""

    def __init__(self, services: Services, instances: Instances) -> None:
        self._services = services
        self._instances = instances

    def get(self, call: Call) -> dict[str, Any]:
        """Return the run of a task; one that did not run is not found."""
        number, run, one, flow = self._find(call)
        if run.state is State.SKIPPED:
            raise InstanceNotFound
        node = next((node for node in document_of(flow)["nodes"] if node["id"] == run.node_id), {"type": "VIRTUAL"})
        status, kind = status_of_node(run.state), type_of(node)
        return {
            "instanceId": f"{number}-{suffix_of(one)}",
            "taskId": number,
            "taskName": run.name,
            "cycle": flow.names.get("cycle", ""),
            "status": status,
            "runNum": run.attempt,
            "type": kind,
            "syncType": flow.names.get("syncType", 0),
            "freq": flow.names.get("freq", ""),
            "ifPre": 0,
            "stsDesc": run.error or WORDS[status],
            "recallNum": max(0, run.attempt - 1),
            "triggerTime": time_text(one.created_at if one.service_date is None else one.service_date),
            "timeout": None,
            "recallLimit": None,
            "recallInterval": None,
            "startTime": time_text(run.started_at),
            "endTime": time_text(run.finished_at),
            "timeStamp": stamp_text(one.created_at),
            "isTimeout": False,
            "flowInstId": f"{flow.task.id}-{suffix_of(one)}",
            "doAs": flow.names.get("doAs", ""),
            "alert": flow.names.get("alertMode", 0),
            "runMode": "",
            "cmd": shown(node) if kind == COMMAND else "",
            "hasResourceBefore": False,
            "resourceName": "",
            "fileName": "",
            "resourceVersion": "",
        }

    def log(self, call: Call) -> dict[str, str]:
        """Return the log of a task's run, at most `maxLength` characters of its end."""
        longest = _longest(call.asked("maxLength"))
        _, run, one, _ = self._find(call)
        lines = [
            f"{stamp_text(line.at)[:-2]} {line.level} {line.text}"
            for line in self._services.instances().log(one.uid, 0, call.principal)
            if line.node == run.name
        ]
        if not lines:
            raise Refusal(62109, NO_LOG)
        text = "\n".join(lines)
        return {"log": text[len(text) - min(longest, len(text)) :]}

    def _find(self, call: Call) -> tuple[int, NodeRun, Instance, Exposed]:
        wanted = parse(call.asked("taskInstId").strip())
        node = self._services.numbers().node(wanted.number) if wanted else None
        if wanted is None or node is None:
            raise InstanceNotFound
        one, flow = self._instances.find(InstanceId(node[0], wanted.suffix), call, Operation.READ)
        run = self._instances.runs(one, call).get(node[1])
        if run is None:
            raise InstanceNotFound
        return wanted.number, run, one, flow


def _longest(text: str) -> int:
    if not text.strip():
        return LONGEST_LOG
    found = as_integer(text)
    if found is None or found < 0:
        raise InvalidParameter("maxLength is a number of characters.")
    return min(found, LONGEST_LOG)
