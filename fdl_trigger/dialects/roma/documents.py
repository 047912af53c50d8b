"""A ROMA task as one of our tasks with one HTTP_CALL node and one schedule, both ways."""

from collections.abc import Mapping
from typing import Any

from ...domain.errors import DefinitionInvalid
from ...domain.records import Task
from ...domain.schedule_records import ScheduleRecord
from ...nodes.source_schemas import TIMEOUT_HEADER
from .fields import CONTENT_TYPES

PLAN = "roma"
PLAN_KEYS = ("name", "enabled", "type", "value", "timeZone", "start")
FOLDER = "/ROMA"
NODE = "call"
_EFFECTIVE = "effectiveTime"
_CONTENT_TYPE = "Content-Type"
_FIELDS = {
    "value.cron": "cron",
    "value.interval": "interval",
    "value.period": "period",
    "value": "cron",
    "start": "effective_time",
    "workName": "name",
    "nodes[0].config.url": "api.url",
    "nodes[0].config.headers": "req_headers",
    "nodes[0].config.params": "req_params",
    "nodes[0].config.body": "req_body",
    "nodes[0].config": "app_id",
}


def task_document(values: Mapping[str, Any], uid: str | None = None) -> dict[str, Any]:
    """Return the definition of a task with these fields."""
    at_ms = values["effective_time"]
    return {
        **({"workId": uid} if uid else {}),
        "workName": values["name"],
        "folder": FOLDER,
        "description": values["remark"] or "",
        "params": [{"name": _EFFECTIVE, "value": None if at_ms is None else str(at_ms)}],
        "nodes": [{"id": NODE, "type": "HTTP_CALL", "config": _call(values)}],
        "control": {"instancePolicy": "skip", "logLevel": "INFO"},
    }


def _call(values: Mapping[str, Any]) -> dict[str, Any]:
    api, content_type = values["api"], values["content_type"]
    headers = [*_rows(values["req_headers"]), {"name": TIMEOUT_HEADER, "value": str(values["timeout"])}]
    if content_type:
        headers.append({"name": _CONTENT_TYPE, "value": content_type})
    body = {"type": CONTENT_TYPES[content_type], "content": values["req_body"]} if values["req_body"] else {}
    return {
        "connection": values["app_id"],
        "method": api["method"],
        "url": api["url"],
        "authorization": {"type": api["auth"]},
        "params": _rows(values["req_params"]),
        "headers": headers,
        "body": body,
        "followRedirects": False,
        "retries": values["max_retries"],
        "keepAttempts": True,
    }


def _rows(pairs: Any) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def plan_document(values: Mapping[str, Any], *, zone: str, enabled: bool, now_ms: int) -> dict[str, Any]:
    """Return the plan of these trigger fields; intervals without an effective time count from the next second on."""
    start = values["effective_time"]
    if values["trigger_type"] == "CRON":
        value: dict[str, Any] = {"cron": values["cron"]}
    else:
        value = {"interval": values["interval"], "period": values["period"]}
        start = (now_ms // 1000 + 1) * 1000 if start is None else start
    plan = {"name": PLAN, "enabled": enabled, "type": values["trigger_type"], "value": value, "timeZone": zone}
    return plan if start is None else {**plan, "start": start}


def is_roma_task(task: Task) -> bool:
    """Tell whether a task is one of these: in their folder, with one call."""
    nodes = task.draft.get("nodes") or [{}]
    return task.folder == FOLDER and len(nodes) == 1 and nodes[0].get("id") == NODE


def fields_of(task: Task, plan: ScheduleRecord) -> dict[str, Any]:
    """Return the fields of section 2, as they were given."""
    config = task.draft["nodes"][0]["config"]
    headers = _written(config.get("headers"))
    named = {row["name"]: row["value"] for row in headers if row["name"] in (TIMEOUT_HEADER, _CONTENT_TYPE)}
    return {
        "name": task.name,
        "app_id": config.get("connection"),
        "remark": task.description,
        **trigger_fields(plan),
        "effective_time": effective_time(task),
        "max_retries": config.get("retries", 0),
        "timeout": _whole(named.get(TIMEOUT_HEADER)),
        "api": {
            "method": config.get("method", "GET"),
            "url": config["url"],
            "auth": config.get("authorization", {}).get("type", "NONE"),
        },
        "req_headers": [row for row in headers if row["name"] not in named],
        "req_params": _written(config.get("params")),
        "req_body": config.get("body", {}).get("content"),
        "content_type": named.get(_CONTENT_TYPE),
    }


def _whole(text: Any) -> int | None:
    return int(text) if str(text).strip().isdecimal() else None


def _written(rows: Any) -> list[dict[str, Any]]:
    """Return name/value rows, which somebody else may have written as a table."""
    if isinstance(rows, Mapping):
        return [{"name": name, "value": value} for name, value in rows.items()]
    return list(rows or ())


def trigger_fields(plan: ScheduleRecord) -> dict[str, Any]:
    """Return the trigger fields of a plan."""
    value = plan.document.get("value") or {}
    return {
        "trigger_type": plan.document["type"],
        "cron": value.get("cron"),
        "interval": value.get("interval"),
        "period": value.get("period"),
    }


def effective_time(task: Task) -> int | None:
    """Return the effective time that was given for a task, in epoch milliseconds."""
    for parameter in task.draft.get("params") or ():
        if parameter.get("name") == _EFFECTIVE and str(parameter.get("value")).isdecimal():
            return int(parameter["value"])
    return None


def in_their_words(error: DefinitionInvalid) -> DefinitionInvalid:
    """Return an error of our documents with the names of the fields callers know."""
    found = error.details.get("problems")
    if not isinstance(found, list):
        return error
    problems = [(_field(key), reason) for key, reason in found]
    return DefinitionInvalid("; ".join(f"{key}: {reason}" for key, reason in problems), problems=problems)


def _field(key: str) -> str:
    matching = [ours for ours in _FIELDS if key == ours or key.startswith((f"{ours}.", f"{ours}["))]
    return _FIELDS[max(matching, key=len)] if matching else key
