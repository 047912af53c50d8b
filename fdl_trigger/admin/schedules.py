"""Schedules: saved, listed, paused, previewed, simulated, and what became of their fires."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from typing import Any

from marshmallow import fields, validate

from ..domain.operations import Operation
from ..domain.schedule_records import ScheduleRecord
from .routing import AdminBlueprint, JsonSchema, PageSchema, page
from .services import Json, caller, runtime

blueprint = AdminBlueprint("schedules", "Schedules: when tasks run on their own (docs/schedules.md)")
MAX_SIMULATED = 10_000


class ScheduleSummarySchema(JsonSchema):
    """A schedule; times are UTC epoch milliseconds, `heldBy` says why it is paused."""

    uid = fields.Str()
    work_id = fields.Str(attribute="task_uid")
    work_name = fields.Str(attribute="task_name")
    name = fields.Str()
    document = fields.Dict()
    zone = fields.Str()
    declared = fields.Bool()
    paused = fields.Bool()
    held_by = fields.Str(allow_none=True)
    next_fire_at = fields.Int(allow_none=True)
    last_fire_at = fields.Int(allow_none=True)
    created_at = fields.Int()
    updated_at = fields.Int()


class ScheduleSchema(ScheduleSummarySchema):
    """A schedule with what people should look after."""

    warnings = fields.List(fields.Str())


class SchedulePageSchema(JsonSchema):
    """Schedules by task and name."""

    items = fields.List(fields.Nested(ScheduleSummarySchema))
    total = fields.Int()


class ScheduleQuerySchema(PageSchema):
    """Which schedules to list: those of one task, or all."""

    work_id = fields.UUID(load_default=None)


class NewScheduleSchema(JsonSchema):
    """A task and the document of its schedule; one of the same name is replaced."""

    work_id = fields.UUID(required=True)
    document = fields.Dict(keys=fields.Str(), required=True)


class PausedSchema(JsonSchema):
    """Whether a schedule is held."""

    paused = fields.Bool(required=True)


class PausedScopeSchema(PausedSchema):
    """Whether the schedules of a task are held; without `workId`, all schedules."""

    work_id = fields.UUID(load_default=None)


class PreviewQuerySchema(JsonSchema):
    """How many fires, after which moment (default: now)."""

    count = fields.Int(load_default=100, validate=validate.Range(1, 1000))
    after = fields.Int(load_default=None, validate=validate.Range(0, 4_102_444_800_000))


class PreviewSchema(JsonSchema):
    """The next fires in UTC epoch milliseconds."""

    fires = fields.List(fields.Int())


class SimulationQuerySchema(JsonSchema):
    """The span in UTC epoch milliseconds, both ends included."""

    first = fields.Int(required=True, validate=validate.Range(0, 4_102_444_800_000))
    last = fields.Int(required=True, validate=validate.Range(0, 4_102_444_800_000))


class SimulatedSchema(JsonSchema):
    """A due time, when it runs (null: never) and why."""

    due_at = fields.Int(attribute="occurrence.at_ms")
    runs_at = fields.Int(attribute="runs_at_ms", allow_none=True)
    cause = fields.Str(attribute="occurrence.cause")
    text = fields.Str()


class SimulationSchema(JsonSchema):
    """Every due time of a span, 10,000 at most."""

    items = fields.List(fields.Nested(SimulatedSchema))


class FireSchema(JsonSchema):
    """A fire that ran as an instance, or `count` fires that were skipped for a reason."""

    fire_at = fields.Int()
    last_at = fields.Int()
    count = fields.Int()
    at = fields.Int()
    cause = fields.Str(allow_none=True)
    reason = fields.Str()
    instance_uid = fields.Str(allow_none=True)


class FirePageSchema(JsonSchema):
    """What became of fires, newest first."""

    items = fields.List(fields.Nested(FireSchema))
    total = fields.Int()


@blueprint.operation("GET", "", Operation.READ, query=ScheduleQuerySchema, answer=SchedulePageSchema)
def schedules(query: Json) -> Json:
    """List the schedules the caller may read"""
    work_id = query.pop("work_id")
    found = runtime().schedules.list(uid=str(work_id) if work_id else None, principal=caller())
    return page(found, **query)


@blueprint.operation("POST", "", Operation.MANAGE_TASKS, body=NewScheduleSchema, answer=ScheduleSchema)
def save_schedule(values: Json) -> Mapping[str, Any]:
    """Add a schedule to a task, or replace the one of its name"""
    return _shown(runtime().schedules.save(values["document"], uid=str(values["work_id"]), principal=caller()))


@blueprint.operation("PATCH", "", Operation.MANAGE_TASKS, body=PausedScopeSchema, status=204)
def pause_schedules(values: Json) -> None:
    """Hold the schedules of a task, or all, or let them go on"""
    work_id = values["work_id"]
    if work_id is None:
        runtime().schedules.pause_all(values["paused"], caller())
    else:
        runtime().schedules.pause_task(values["paused"], uid=str(work_id), principal=caller())


@blueprint.operation("GET", "/<uuid:schedule_id>", Operation.READ, answer=ScheduleSchema)
def schedule(schedule_id: Any) -> Mapping[str, Any]:
    """Read a schedule"""
    return _shown(runtime().schedules.get(str(schedule_id), caller()))


@blueprint.operation("PATCH", "/<uuid:schedule_id>", Operation.MANAGE_TASKS, body=PausedSchema, answer=ScheduleSchema)
def pause_schedule(values: Json, schedule_id: Any) -> Mapping[str, Any]:
    """Hold a schedule or let it go on"""
    return _shown(runtime().schedules.pause(str(schedule_id), values["paused"], caller()))


@blueprint.operation("DELETE", "/<uuid:schedule_id>", Operation.MANAGE_TASKS, status=204)
def delete_schedule(schedule_id: Any) -> None:
    """Remove a schedule; the instances it made stay"""
    runtime().schedules.delete(str(schedule_id), caller())


@blueprint.operation(
    "GET", "/<uuid:schedule_id>/preview", Operation.READ, query=PreviewQuerySchema, answer=PreviewSchema
)
def preview(query: Json, schedule_id: Any) -> Json:
    """List the next fires"""
    return {"fires": runtime().schedules.preview(str(schedule_id), query["after"], query["count"], caller())}


@blueprint.operation(
    "GET", "/<uuid:schedule_id>/simulation", Operation.READ, query=SimulationQuerySchema, answer=SimulationSchema
)
def simulation(query: Json, schedule_id: Any) -> Json:
    """List what becomes of every due time of a span, and why"""
    found: Iterator[Any] = runtime().schedules.simulate(
        str(schedule_id), query["first"], query["last"], principal=caller()
    )
    return {"items": list(islice(found, MAX_SIMULATED))}


@blueprint.operation("GET", "/<uuid:schedule_id>/fires", Operation.READ, query=PageSchema, answer=FirePageSchema)
def fires(query: Json, schedule_id: Any) -> Json:
    """List what became of the fires of a schedule, newest first"""
    return page(runtime().schedules.fires(str(schedule_id), 10_000, caller()), **query)


def _shown(record: ScheduleRecord) -> Mapping[str, Any]:
    return {**asdict(record), "warnings": runtime().schedules.warnings(record)}
