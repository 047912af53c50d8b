"""Schedules of data-integration tasks, the surface huaweicloudsdkroma drives (roma-scheduled-calls.md section 7)."""

from collections.abc import Callable
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from ...core.instances import InstanceService
from ...core.orders import Order
from ...core.permissions import require
from ...core.tasks import TaskService
from ...domain.errors import InvalidParameter, ObjectNotFound, TaskNotFound, TriggerError
from ...domain.operations import Operation
from ...domain.records import Task
from ...domain.schedule_records import ScheduleRecord
from ...domain.states import Trigger
from .calls import Call, Reply
from .fields import PERIODS, Moment, load
from .plan_states import PlanStates


class DispatchSchema(Schema):
    """A schedule: by cron, or an interval of periods."""

    start_datetime = Moment(load_default=None, allow_none=True)
    period = fields.Str(load_default=None, allow_none=True, validate=validate.OneOf(("", *PERIODS)))
    dispatch_interval = fields.Int(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 59))
    remark = fields.Str(load_default=None, allow_none=True, validate=validate.Length(max=255))
    use_quartz_cron = fields.Bool(load_default=False, allow_none=True)
    cron = fields.Str(load_default=None, allow_none=True, validate=validate.Length(8, 255))

    @validates_schema
    def _is_complete(self, data: dict[str, Any], **_: object) -> None:
        needed = ("cron",) if data["use_quartz_cron"] else ("period", "dispatch_interval")
        missing = {name: ["is required"] for name in needed if not data[name]}
        if missing:
            raise ValidationError(missing)


class _TaskIdSchema(Schema):
    task_id = fields.Str(required=True)


class BatchSchema(Schema):
    """Start or stop the schedules of up to 10 tasks."""

    action_id = fields.Str(required=True, validate=validate.OneOf(("start", "stop")))
    list = fields.List(fields.Nested(_TaskIdSchema), required=True, validate=validate.Length(1, 10))


class Dispatches:
    """The calls on the schedules of tasks, and on their runs."""

    def __init__(
        self, tasks: Callable[[], TaskService], instances: Callable[[], InstanceService], plans: PlanStates
    ) -> None:
        self._tasks = tasks
        self._instances = instances
        self._plans = plans

    def create(self, call: Call) -> Reply:
        """Give a task its schedule; it does not fire before it is started."""
        task = self.task(call.path["task_id"], call, Operation.MANAGE_TASKS)
        if self._plans.find(task) is not None:
            raise InvalidParameter("The task has a schedule already; change that one.")
        return Reply(201, self._saved(task, call))

    def replace(self, call: Call) -> Reply:
        """Change the schedule of a task."""
        task = self.task(call.path["task_id"], call, Operation.MANAGE_TASKS)
        plan = self._plan(task)
        if plan.uid != call.path["dispatch_id"].lower():
            raise ObjectNotFound(f"The task has no schedule '{call.path['dispatch_id'][:64]}'.")
        return Reply(200, self._saved(task, call, enabled=bool(plan.document.get("enabled", True))))

    def read(self, call: Call) -> Reply:
        """Read the schedule of a task."""
        task = self.task(call.path["task_id"], call, Operation.READ)
        return Reply(200, _answer(task, self._plan(task)))

    def run(self, call: Call) -> Reply:
        """Run a task once."""
        task = self.task(call.path["task_id"], call, Operation.EXECUTE)
        self._instances().trigger(Order(trigger=Trigger.API), uid=task.uid, principal=call.principal)
        return Reply(200, {})

    def terminate(self, call: Call) -> Reply:
        """Stop what runs of a task."""
        task = self.task(call.path["task_id"], call, Operation.TERMINATE)
        self._instances().terminate_task(uid=task.uid, principal=call.principal)
        return Reply(200, {})

    def act(self, call: Call) -> Reply:
        """Start or stop the schedules of tasks; each is told for itself."""
        require(call.principal, Operation.MANAGE_TASKS)
        wanted = load(BatchSchema, call.body)
        done: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        for one in wanted["list"]:
            try:
                task = self._change(one["task_id"], wanted["action_id"], call)
                done.append({"task_id": task.uid, "task_name": task.name})
            except TriggerError as error:
                failed.append({"task_id": one["task_id"], "error_code": error.code, "error_msg": error.message})
        return Reply(
            200, {"success_count": len(done), "failure_count": len(failed), "success": done, "failure": failed}
        )

    def _change(self, task_id: str, action: str, call: Call) -> Task:
        task = self.task(task_id, call, Operation.MANAGE_TASKS)
        plan = self._plan(task)
        change = self._plans.start if action == "start" else self._plans.stop
        change(task, plan, _values(_fields(plan)), call.principal)
        return task

    def task(self, task_id: str, call: Call, operation: Operation) -> Task:
        """Return a task the caller may use like this; raises PermissionDenied, TaskNotFound."""
        require(call.principal, operation)
        task = self._tasks().get(uid=task_id)
        if not call.principal.may(operation, task.id, task.folder):
            raise TaskNotFound(f"There is no task '{task_id[:128]}'.", denied=True)
        return task

    def _plan(self, task: Task) -> ScheduleRecord:
        plan = self._plans.find(task)
        if plan is None:
            raise ObjectNotFound("The task has no schedule.")
        return plan

    def _saved(self, task: Task, call: Call, *, enabled: bool = False) -> dict[str, Any]:
        values = _values(load(DispatchSchema, call.body))
        self._plans.check(values)
        return _answer(task, self._plans.save(task, values, call.principal, enabled=enabled))


def _values(dispatch: dict[str, Any]) -> dict[str, Any]:
    by_cron = bool(dispatch["use_quartz_cron"])
    return {
        "trigger_type": "CRON" if by_cron else "CALENDAR",
        "effective_time": dispatch["start_datetime"],
        "cron": dispatch["cron"],
        "interval": dispatch["dispatch_interval"],
        "period": dispatch["period"],
    }


def _fields(plan: ScheduleRecord) -> dict[str, Any]:
    value = plan.document.get("value") or {}
    return {
        "start_datetime": plan.document.get("start"),
        "period": value.get("period"),
        "dispatch_interval": value.get("interval"),
        "use_quartz_cron": plan.document["type"] == "CRON",
        "cron": value.get("cron"),
    }


def _answer(task: Task, plan: ScheduleRecord) -> dict[str, Any]:
    return {
        "dispatch_id": plan.uid,
        "task_id": task.uid,
        **_fields(plan),
        "created_date": plan.created_at,
        "last_modified_date": plan.updated_at,
    }
