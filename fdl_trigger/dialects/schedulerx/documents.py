"""Jobs that callers create, as task documents: a shell script, or a call of a task there is."""

from collections.abc import Mapping
from typing import Any

from ...domain.errors import InvalidParameter
from .arguments import Arguments, invalid
from .parameters import WHOLE_TEXT
from .words import CRON

_REQUIRED = ("Name", "JobType", "ExecuteMode", "TimeType", "Namespace", "GroupId")
_NO_PLAN = (-1, 100)
_SECONDS_LIMIT = 31 * 24 * 3600


def new_document(arguments: Arguments) -> dict[str, Any]:
    """Return the document of the task that CreateJob asks for; raises InvalidParameter."""
    for name in _REQUIRED:
        arguments.required(name)
    if arguments.required("ExecuteMode") != "standalone":
        raise invalid("ExecuteMode", "jobs run on this one machine: write standalone.")
    names = {"group": arguments.required("GroupId"), "namespace": arguments.required("Namespace")}
    text = {"name": WHOLE_TEXT, "type": "STRING", "value": arguments.text("Parameters")}
    document = {"nodes": [_node(arguments)], "params": [text], "expose": {"schedulerx": names}}
    return changed_document(document, arguments)


def changed_document(document: Mapping[str, Any], arguments: Arguments) -> dict[str, Any]:
    """Return the document with what the arguments change in it; raises InvalidParameter."""
    changed = dict(document)
    for key, name in (("workName", "Name"), ("description", "Description")):
        if arguments.text(name):
            changed[key] = arguments.text(name)
    if arguments.text("Content") or arguments.text("ClassName"):
        changed["nodes"] = [_node(arguments)]
    if arguments.text("Parameters"):
        changed["params"] = [_with_value(one, arguments.text("Parameters")) for one in document.get("params") or ()]
    changed["control"] = {**(document.get("control") or {}), **_control(arguments)}
    if arguments.text("TimeType"):
        changed["plans"] = _plans(arguments)
    return changed


def _node(arguments: Arguments) -> dict[str, Any]:
    kind, content, name = arguments.text("JobType"), arguments.text("Content"), arguments.text("ClassName")
    if kind == "shell" and content:
        return {"id": "job", "type": "SHELL", "config": {"command": ["/bin/sh", "-c", content]}}
    if name:
        passed = [{"name": WHOLE_TEXT, "value": f"${{{WHOLE_TEXT}}}"}]
        return {"id": "job", "type": "CALL_TASK", "config": {"task": name, "params": passed}}
    reason = "this service runs shell jobs with Content, and jobs of any type whose ClassName is the name of a task."
    raise invalid("JobType", reason)


def _with_value(parameter: Mapping[str, Any], text: str) -> Mapping[str, Any]:
    return {**parameter, "value": text} if parameter.get("name") == WHOLE_TEXT else parameter


def _control(arguments: Arguments) -> dict[str, Any]:
    control: dict[str, Any] = {}
    times, seconds = arguments.whole("MaxAttempt", 0, 100), arguments.whole("AttemptInterval", 0, 3600)
    if times is not None:
        interval = 30 if seconds is None else seconds
        control["retry"] = {"enabled": times > 0, "times": max(times, 1), "intervalMinutes": interval / 60}
    limit = arguments.whole("MaxConcurrency", 1, 1000)
    if limit is not None:
        control |= {"instancePolicy": "parallel" if limit > 1 else "queue", "parallelLimit": limit}
    timeout = arguments.whole("Timeout", 1, _SECONDS_LIMIT)
    if timeout is not None and arguments.flag("TimeoutKillEnable", True):
        control["timeoutMinutes"] = timeout / 60
    return control


def _plans(arguments: Arguments) -> list[dict[str, Any]]:
    kind, expression = arguments.whole("TimeType", -1, 100), arguments.text("TimeExpression")
    if kind in _NO_PLAN:
        return []
    if kind != CRON:
        raise invalid("TimeType", "write 1 (cron), 100 (by API) or -1 (none).")
    if not expression:
        raise InvalidParameter("TimeExpression is mandatory for this action.", aliyun="MissingTimeExpression")
    return [{"name": "TimeExpression", "type": "CRON", "value": {"cron": expression}}]
