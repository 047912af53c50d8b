"""Watching data-integration tasks: their newest runs, and the run records of one."""

from collections.abc import Callable
from typing import Any

from marshmallow import fields, validate

from ...core.instances import InstanceService
from ...core.permissions import require
from ...core.tasks import TaskService
from ...domain.operations import Operation
from ...domain.records import Instance, InstanceFilter, Task
from ...domain.states import Trigger
from .calls import Call, Reply
from .dispatches import Dispatches
from .executions import MAX_RECORDS, status_word
from .fields import RUN_STATES, PageSchema, load
from .plan_states import PlanStates


class MonitorListSchema(PageSchema):
    """Which tasks to list."""

    limit = fields.Int(load_default=10, validate=validate.Range(1, 1000))
    task_name = fields.Str(load_default="")
    execute_status = fields.Str(load_default="", validate=validate.OneOf(("", *RUN_STATES)))


class LogListSchema(PageSchema):
    """Which runs to list; the times are epoch milliseconds."""

    limit = fields.Int(load_default=10, validate=validate.Range(1, 1000))
    begin_time = fields.Int(load_default=None, validate=validate.Range(0, 253_402_300_799_999))
    end_time = fields.Int(load_default=None, validate=validate.Range(0, 253_402_300_799_999))


class Monitoring:
    """The calls on `/task-monitors` and `/monitor-logs`."""

    def __init__(
        self,
        tasks: Callable[[], TaskService],
        instances: Callable[[], InstanceService],
        dispatches: Dispatches,
        plans: PlanStates,
    ) -> None:
        self._tasks = tasks
        self._instances = instances
        self._dispatches = dispatches
        self._plans = plans

    def tasks(self, call: Call) -> Reply:
        """List tasks with their newest run."""
        require(call.principal, Operation.READ)
        wanted = load(MonitorListSchema, call.params())
        found = [task for task in self._tasks().list(call.principal) if wanted["task_name"] in task.name]
        if wanted["execute_status"]:
            found = [task for task in found if self._row(task)["execute_status"] == wanted["execute_status"]]
        page = [self._row(task) for task in found[wanted["offset"] : wanted["offset"] + wanted["limit"]]]
        return Reply(200, {"total": len(found), "size": len(page), "entities": page})

    def _row(self, task: Task) -> dict[str, Any]:
        newest = next(iter(self._instances().list(InstanceFilter(limit=1), uid=task.uid)), None)
        plan = self._plans.find(task)
        value = (plan.document.get("value") or {}) if plan else {}
        return {
            "task_id": task.uid,
            "task_name": task.name,
            "task_type": "TIMING",
            "status": 1 if plan and plan.next_fire_at is not None and not plan.paused else 0,
            "last_execute_time": newest.created_at if newest else None,
            "use_quartz_cron": "cron" in value,
            "cron": value.get("cron"),
            "period": value.get("period"),
            "dispatch_interval": value.get("interval"),
            "execute_status": status_word(newest) if newest else "UNSTARTED",
        }

    def logs(self, call: Call) -> Reply:
        """List the runs of a task, newest first."""
        task = self._dispatches.task(call.path["task_id"], call, Operation.LIST)
        wanted = load(LogListSchema, call.params())
        where = InstanceFilter(since=wanted["begin_time"], until=wanted["end_time"], limit=MAX_RECORDS)
        found = self._instances().list(where, uid=task.uid, principal=call.principal)
        page = found[wanted["offset"] : wanted["offset"] + wanted["limit"]]
        return Reply(200, {"total": len(found), "size": len(page), "entities": [_log(one) for one in page]})


def _log(one: Instance) -> dict[str, Any]:
    took = None if one.started_at is None or one.finished_at is None else one.finished_at - one.started_at
    is_scheduled = one.trigger is Trigger.SCHEDULE and one.service_date is not None
    return {
        "id": one.uid,
        "start_time": one.started_at,
        "dispatch_time": one.service_date if is_scheduled else one.created_at,
        "end_time": one.finished_at,
        "execute_status": status_word(one),
        "dirty_data_count": one.counts.dirty,
        "data_count": one.counts.written,
        "spend_time": took,
        "remarks": one.message,
    }
