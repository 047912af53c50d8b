"""The envelope and the instance object (finedatalink-open-platform.md sections 7.3 and 7.4)."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from flask import Response

from ...domain.errors import TriggerError
from ...domain.records import Counts, Event, Instance, LogLine, NodeRun
from ...domain.states import State
from .errors import wire_error
from .words import state_word, status_word, trigger_word

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def success(data: Any) -> Response:
    """Return the answer that carries `data`."""
    body = (
        f'{{"success":true,"code":"200","message":"success","data":{_encode(data)},"errorCode":null,"errorMsg":null}}'
    )
    return _response(body, 200)


def event_stream(texts: Iterator[str]) -> Response:
    """Return the answer that streams server-sent events."""
    response = Response(texts, 200, content_type="text/event-stream; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx would hold the events back
    return response


def failure(error: TriggerError, *, business_http_status: bool = False) -> Response:
    """Return the answer for an error, with `Allow` and `Retry-After` where they belong."""
    wire = wire_error(error)
    envelope = {
        "success": False,
        "code": wire.error_code,
        "message": error.message,
        "data": None,
        "errorCode": wire.error_code,
        "errorMsg": error.message,
    }
    response = _response(_encode(envelope), wire.status if business_http_status or not wire.is_business else 200)
    for header, detail in (("Allow", "allow"), ("Retry-After", "retry_after")):
        if detail in error.details:
            response.headers[header] = str(error.details[detail])
    return response


def instance(one: Instance) -> dict[str, Any]:
    """Return the instance object: the product's column names, our aliases, and what else a caller may want."""
    return {
        "id": one.uid,
        "recordId": one.uid,
        "taskId": one.task_uid,
        "workId": one.task_uid,
        "workName": one.task_name,
        "taskStatus": status_word(one),
        "triggerMethod": trigger_word(one.trigger),
        "triggerBy": one.trigger_by,
        "triggerTime": one.created_at,
        "startTime": one.created_at,
        "runStartTime": one.started_at,
        "finishTime": _finish_time(one),
        "lastModifiedTime": one.modified_at,
        "lastRecord": one.is_latest,
        "sourceExecuteId": one.source_uid,
        "path": None,
        "message": one.message,
        "reason": one.reason,
        **counts(one.counts),
    }


def instance_with_nodes(one: Instance, runs: Iterable[NodeRun]) -> dict[str, Any]:
    """Return the instance object with its nodes."""
    return {**instance(one), "nodes": [node(run) for run in runs]}


def node(run: NodeRun) -> dict[str, Any]:
    """Return one node of an instance."""
    return {
        "nodeId": run.node_id,
        "nodeName": run.name,
        "status": state_word(run.state),
        "attempt": run.attempt,
        "startTime": run.started_at,
        "finishTime": run.finished_at,
        "error": run.error,
        **counts(run.counts),
    }


def event(one: Event) -> dict[str, Any]:
    """Return one transition of an instance."""
    return {"status": state_word(one.new), "time": one.at, "reason": one.reason, "message": one.message}


def log_line(line: LogLine) -> dict[str, Any]:
    """Return one line of a run log."""
    return {"seq": line.seq, "time": line.at, "node": line.node, "level": line.level, "text": line.text}


def counts(moved: Counts) -> dict[str, int]:
    """Return what was moved, in rows and pages."""
    return {
        "dirtyDataNum": moved.dirty,
        "readRows": moved.read,
        "writtenRows": moved.written,
        "insertedRows": moved.inserted,
        "updatedRows": moved.updated,
        "deletedRows": moved.deleted,
        "skippedRows": moved.skipped,
        "pages": moved.pages,
    }


def _finish_time(one: Instance) -> int | None:
    if one.apparent_state is State.TERMINATED:
        return one.terminate_requested_at or one.finished_at
    return one.finished_at


def _response(body: str, status: int) -> Response:
    return Response(body.encode(errors="replace"), status, content_type="application/json")
