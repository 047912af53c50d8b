"""Instances: listed, read, triggered, retried, terminated; backfills."""

from typing import Any

from marshmallow import fields, validate

from ..core.orders import Order
from ..domain.flow import Extent, Portion
from ..domain.operations import Operation
from ..domain.records import Instance, InstanceFilter
from ..domain.states import Trigger
from ..store.backfills import BackfillProgress
from .routing import AdminBlueprint, JsonSchema, PageSchema
from .services import Json, caller, runtime

blueprint = AdminBlueprint("instances", "Instances: the runs of tasks")
backfills = AdminBlueprint("backfills", "Backfills: a task run once for every date of a range")

_PARAMS = fields.Dict(keys=fields.Str(), load_default=dict)


class CountsSchema(JsonSchema):
    """What was moved, in rows (pages: requests to a paged source)."""

    pages = fields.Int()
    read = fields.Int()
    inserted = fields.Int()
    updated = fields.Int()
    deleted = fields.Int()
    skipped = fields.Int()
    dirty = fields.Int()


class InstanceSchema(JsonSchema):
    """One run of a task. Times are UTC epoch milliseconds."""

    record_id = fields.Str(attribute="uid")
    work_id = fields.Str(attribute="task_uid")
    work_name = fields.Str(attribute="task_name")
    version = fields.Int()
    state = fields.Str(attribute="apparent_state")
    reason = fields.Str(allow_none=True)
    message = fields.Str(allow_none=True)
    attempt = fields.Int()
    trigger = fields.Str()
    trigger_by = fields.Str()
    created_at = fields.Int()
    due_at = fields.Int()
    started_at = fields.Int(allow_none=True)
    finished_at = fields.Int(allow_none=True)
    service_date = fields.Int(allow_none=True)
    source_record_id = fields.Str(attribute="source_uid", allow_none=True)
    counts = fields.Nested(CountsSchema)


class NodeRunSchema(JsonSchema):
    """One node of a run."""

    node_id = fields.Str()
    name = fields.Str()
    state = fields.Str()
    attempt = fields.Int()
    started_at = fields.Int(allow_none=True)
    finished_at = fields.Int(allow_none=True)
    error = fields.Str(allow_none=True)
    counts = fields.Nested(CountsSchema)


class InstanceDetailSchema(InstanceSchema):
    """One run with its nodes and what it waits for."""

    waiting_for = fields.Str(allow_none=True)
    nodes = fields.List(fields.Nested(NodeRunSchema))


class LogLineSchema(JsonSchema):
    """One line of a run log."""

    seq = fields.Int()
    at = fields.Int()
    node = fields.Str()
    level = fields.Str()
    text = fields.Str()


class DirtyRowSchema(JsonSchema):
    """A source row that was not written, and why."""

    node_id = fields.Str()
    kind = fields.Str()
    reason = fields.Str()
    row = fields.Str()
    at = fields.Int()


class InstanceListSchema(JsonSchema):
    """Runs, newest first."""

    items = fields.List(fields.Nested(InstanceSchema))


class LogSchema(JsonSchema):
    """Lines of a run log, oldest first."""

    items = fields.List(fields.Nested(LogLineSchema))


class DirtyRowListSchema(JsonSchema):
    """The dirty rows that were kept."""

    items = fields.List(fields.Nested(DirtyRowSchema))


class InstanceQuerySchema(PageSchema):
    """Whose runs to list."""

    work_id = fields.UUID(required=True)


class PortionSchema(JsonSchema):
    """The part of a flow to run."""

    extent = fields.Enum(Extent, load_default=Extent.WHOLE)
    node_id = fields.Str(load_default="", validate=validate.Length(max=64))


class TriggerSchema(JsonSchema):
    """What to run, and how."""

    work_id = fields.UUID(required=True)
    params = _PARAMS
    portion = fields.Nested(PortionSchema, load_default=lambda: {"extent": Extent.WHOLE, "node_id": ""})
    due_at = fields.Int(load_default=None, allow_none=True, strict=True, validate=validate.Range(0, 1 << 53))
    service_date = fields.Int(load_default=None, allow_none=True, strict=True, validate=validate.Range(0, 1 << 42))
    idempotency_key = fields.Str(load_default=None, allow_none=True)


class RetrySchema(JsonSchema):
    """What of a finished run to run again, and with which values."""

    failed_only = fields.Bool(load_default=False)
    params = _PARAMS
    portion = fields.Nested(PortionSchema, load_default=lambda: {"extent": Extent.WHOLE, "node_id": ""})
    service_date = fields.Int(load_default=None, allow_none=True, strict=True, validate=validate.Range(0, 1 << 42))


class BackfillRequestSchema(JsonSchema):
    """Which task to run for which dates, both inclusive."""

    work_id = fields.UUID(required=True)
    first = fields.Date(required=True)
    last = fields.Date(required=True)
    parallel = fields.Int(load_default=1, strict=True, validate=validate.Range(1, 1000))
    params = _PARAMS


class BackfillSchema(JsonSchema):
    """How far a backfill is."""

    backfill_id = fields.Str(attribute="backfill.uid")
    first_date = fields.Int(attribute="backfill.first_date")
    last_date = fields.Int(attribute="backfill.last_date")
    parallel = fields.Int(attribute="backfill.parallel")
    total = fields.Int()
    finished = fields.Int()
    states = fields.Dict(keys=fields.Str(), values=fields.Int())


@blueprint.operation("GET", "", Operation.LIST, query=InstanceQuerySchema, answer=InstanceListSchema)
def instances(query: Json) -> Json:
    """List the runs of a task, newest first"""
    where = InstanceFilter(limit=query["limit"], offset=query["offset"])
    return {"items": runtime().instances.list(where, uid=str(query["work_id"]), principal=caller())}


@blueprint.operation("POST", "", Operation.EXECUTE, body=TriggerSchema, answer=InstanceSchema)
def trigger(values: Json) -> Instance:
    """Run a task, or a part of its flow"""
    order = Order(
        params=values["params"],
        trigger=Trigger.UI,
        portion=Portion(**values["portion"]),
        due_at=values["due_at"],
        service_date=values["service_date"],
        idempotency_key=values["idempotency_key"],
    )
    return runtime().instances.trigger(order, uid=str(values["work_id"]), principal=caller()).instance


@blueprint.operation("GET", "/<uuid:record_id>", Operation.READ, answer=InstanceDetailSchema)
def instance(record_id: Any) -> Json:
    """Read a run with its nodes"""
    found = runtime().instances.get(str(record_id), caller())
    detail = {name: getattr(found, name) for name in Instance.__dataclass_fields__}
    return {
        **detail,
        "apparent_state": found.apparent_state,
        "waiting_for": runtime().watching.why_waiting(found),
        "nodes": runtime().instances.node_runs(found.uid, caller()),
    }


@blueprint.operation("GET", "/<uuid:record_id>/log", Operation.READ, answer=LogSchema)
def log(record_id: Any) -> Json:
    """Read the log of a run"""
    return {"items": runtime().instances.log(str(record_id), principal=caller())}


@blueprint.operation("GET", "/<uuid:record_id>/dirty-rows", Operation.READ, answer=DirtyRowListSchema)
def dirty_rows(record_id: Any) -> Json:
    """Read the rows that could not be written"""
    return {"items": runtime().instances.dirty_rows(str(record_id), caller())}


@blueprint.operation("POST", "/<uuid:record_id>/retry", Operation.EXECUTE, body=RetrySchema, answer=InstanceSchema)
def retry(values: Json, record_id: Any) -> Instance:
    """Run a finished run again, as a new one"""
    return runtime().reruns.retry(
        str(record_id),
        portion=Portion(**values["portion"]),
        failed_only=values["failed_only"],
        params=values["params"],
        service_date=values["service_date"],
        principal=caller(),
    )


@blueprint.operation("POST", "/<uuid:record_id>/termination", Operation.TERMINATE, answer=InstanceSchema)
def terminate(record_id: Any) -> Instance:
    """Stop a run"""
    return runtime().instances.terminate(str(record_id), caller())


@backfills.operation("POST", "", Operation.EXECUTE, body=BackfillRequestSchema, answer=BackfillSchema)
def start_backfill(values: Json) -> BackfillProgress:
    """Put one run a date into the queue, oldest first"""
    return runtime().reruns.backfill(
        values["first"],
        values["last"],
        uid=str(values["work_id"]),
        params=values["params"],
        parallel=values["parallel"],
        principal=caller(),
    )


@backfills.operation("GET", "/<uuid:backfill_id>", Operation.READ, answer=BackfillSchema)
def backfill(backfill_id: Any) -> BackfillProgress:
    """Read how far a backfill is"""
    return runtime().reruns.progress(str(backfill_id), caller())


@backfills.operation("POST", "/<uuid:backfill_id>/termination", Operation.TERMINATE, answer=BackfillSchema)
def stop_backfill(backfill_id: Any) -> BackfillProgress:
    """End what waits and stop what runs of a backfill"""
    return runtime().reruns.stop_backfill(str(backfill_id), caller())
