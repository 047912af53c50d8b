"""Run records: what became of every firing, and of the runs by hand (roma-scheduled-calls.md section 4)."""

from collections.abc import Callable, Mapping
from typing import Any

from ...core.instances import InstanceService
from ...core.schedules import ScheduleService
from ...domain.firing import SkipCause
from ...domain.operations import Operation
from ...domain.records import Instance, InstanceFilter, Task
from ...domain.schedule_records import Fire, ScheduleRecord
from ...domain.states import State, Trigger
from .calls import Call, Reply
from .fields import RunListSchema, load
from .tasks import Tasks

MAX_RECORDS = 10_000
_WORDS = {
    State.WAITING: "WAITING",
    State.RUNNING: "RUNNING",
    State.SUCCEEDED: "SUCCESS",
    State.FAILED: "ERROR",
    State.TERMINATED: "CANCELLED",
}


class Executions:
    """The call on `/executions`."""

    def __init__(
        self, tasks: Tasks, instances: Callable[[], InstanceService], schedules: Callable[[], ScheduleService]
    ) -> None:
        self._tasks = tasks
        self._instances = instances
        self._schedules = schedules

    def page(self, call: Call) -> Reply:
        """List the newest run records of a task, newest first, with the attempts of each call."""
        task, plan = self._tasks.find(call, Operation.LIST)
        wanted = load(RunListSchema, call.params())
        instances = self._instances().list(InstanceFilter(limit=MAX_RECORDS), uid=task.uid, principal=call.principal)
        records = [_of_run(one, task, plan) for one in instances]
        records += [_of_skip(one, task, plan) for one in self._skipped(plan)]
        records = [one for one in records if wanted["status"] in ("", one["status"])]
        records.sort(key=lambda one: -one["scheduled_time"])
        page = records[wanted["offset"] : wanted["offset"] + wanted["limit"]]
        executions = [{**one, "attempts": self._attempts(one)} for one in page]
        return Reply(200, {"total": len(records), "size": len(page), "executions": executions})

    def _skipped(self, plan: ScheduleRecord) -> list[Fire]:
        fires = self._schedules().fires(plan.uid, MAX_RECORDS)
        return [one for one in fires if one.cause not in (None, SkipCause.PAUSED)]

    def _attempts(self, record: dict[str, Any]) -> list[dict[str, Any]]:
        if record["status"] in ("SKIPPED", "MISSED"):
            return []
        return [_attempt(one) for one in self._instances().attempts(record["id"])]


def _attempt(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "n": kept["n"],
        "start_time": kept["startTime"],
        "end_time": kept["finishTime"],
        "http_status": kept["status"],
        "error": kept["error"],
        "response_head": kept["head"],
    }


def status_word(one: Instance) -> str:
    """Return the status of a run."""
    return _WORDS[one.apparent_state]


def _of_run(one: Instance, task: Task, plan: ScheduleRecord) -> dict[str, Any]:
    is_scheduled = one.trigger is Trigger.SCHEDULE
    due_at = one.service_date if is_scheduled and one.service_date is not None else one.created_at
    return {
        "id": one.uid,
        "task_id": task.uid,
        "trigger": plan.document["type"] if is_scheduled else "MANUAL",
        "scheduled_time": due_at,
        "start_time": one.started_at,
        "end_time": one.finished_at,
        "status": status_word(one),
        "count": 1,
        "remarks": one.message,
    }


def _of_skip(one: Fire, task: Task, plan: ScheduleRecord) -> dict[str, Any]:
    return {
        "id": f"{plan.uid}-{one.fire_at}",
        "task_id": task.uid,
        "trigger": plan.document["type"],
        "scheduled_time": one.fire_at,
        "start_time": None,
        "end_time": None,
        "status": "MISSED" if one.cause is SkipCause.MISFIRE else "SKIPPED",
        "count": one.count,
        "remarks": one.reason,
    }
