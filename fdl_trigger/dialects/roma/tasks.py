"""Tasks: create, read, replace, delete, start, stop, run once (roma-scheduled-calls.md sections 4 and 7)."""

from collections.abc import Callable, Mapping
from typing import Any

from ...core.connections import ConnectionService
from ...core.instances import InstanceService
from ...core.orders import Order
from ...core.permissions import require
from ...core.tasks import TaskService
from ...domain.errors import AlreadyRunning, DefinitionInvalid, InvalidParameter, TaskNotFound
from ...domain.operations import Operation
from ...domain.records import Principal, Task
from ...domain.schedule_records import ScheduleRecord
from ...domain.states import Trigger
from .calls import Call, Reply
from .documents import effective_time, fields_of, in_their_words, is_roma_task, task_document, trigger_fields
from .fields import ActionSchema, TaskListSchema, TaskSchema, load
from .plan_states import STARTED, PlanStates, state_of

Found = tuple[Task, ScheduleRecord]


class Tasks:
    """The calls on `/api-tasks`."""

    def __init__(
        self,
        tasks: Callable[[], TaskService],
        instances: Callable[[], InstanceService],
        connections: Callable[[], ConnectionService],
        plans: PlanStates,
    ) -> None:
        self._tasks = tasks
        self._instances = instances
        self._connections = connections
        self._plans = plans

    def create(self, call: Call) -> Reply:
        """Create a task; it does not fire before it is started."""
        require(call.principal, Operation.MANAGE_TASKS)
        values = self._checked(call.body)
        self._require_free(values["name"], None)
        return Reply(201, self._saved(values, None, call.principal))

    def page(self, call: Call) -> Reply:
        """List tasks by name, part of a name, or state."""
        wanted = load(TaskListSchema, call.params())
        found = [one for one in self._all(call.principal) if wanted["name"] in one[0].name]
        if wanted["state"]:
            found = [one for one in found if state_of(one[1]) == wanted["state"]]
        page = found[wanted["offset"] : wanted["offset"] + wanted["limit"]]
        return Reply(200, {"total": len(found), "size": len(page), "tasks": [_answer(*one) for one in page]})

    def read(self, call: Call) -> Reply:
        """Read one task."""
        return Reply(200, _answer(*self.find(call, Operation.READ)))

    def replace(self, call: Call) -> Reply:
        """Replace the fields of a task that is not started."""
        task, plan = self.find(call, Operation.MANAGE_TASKS)
        _require_not_started(plan)
        values = self._checked(call.body)
        self._require_free(values["name"], task)
        return Reply(200, self._saved(values, task, call.principal))

    def delete(self, call: Call) -> Reply:
        """Delete a task that is not started; the records of its runs stay."""
        task, plan = self.find(call, Operation.MANAGE_TASKS)
        _require_not_started(plan)
        self._tasks().delete(uid=task.uid, principal=call.principal)
        return Reply(204, None)

    def act(self, call: Call) -> Reply:
        """Start or stop a task."""
        task, plan = self.find(call, Operation.MANAGE_TASKS)
        action = load(ActionSchema, call.body)["action"]
        change = self._plans.start if action == "start" else self._plans.stop
        values = {**trigger_fields(plan), "effective_time": effective_time(task)}
        return Reply(200, _answer(task, change(task, plan, values, call.principal)))

    def run(self, call: Call) -> Reply:
        """Run a task once, in whatever state it is."""
        task, _ = self.find(call, Operation.EXECUTE)
        done = self._instances().trigger(Order(trigger=Trigger.API), uid=task.uid, principal=call.principal)
        return Reply(202, {"execution_id": done.instance.uid})

    def find(self, call: Call, operation: Operation) -> Found:
        """Return the task in the path with its plan; raises PermissionDenied, TaskNotFound."""
        require(call.principal, operation)
        task = self._tasks().get(uid=call.path["api_task_id"])
        plan = self._plans.find(task) if is_roma_task(task) else None
        if plan is None or not call.principal.may(operation, task.id, task.folder):
            raise TaskNotFound(f"There is no task '{call.path['api_task_id'][:64]}'.", denied=plan is not None)
        return task, plan

    def uses(self, app_id: str) -> bool:
        """Tell whether some task calls as this application."""
        tasks = [task for task in self._tasks().list() if is_roma_task(task)]
        return any(task.draft["nodes"][0]["config"].get("connection") == app_id for task in tasks)

    def _all(self, principal: Principal) -> list[Found]:
        tasks = [task for task in self._tasks().list(principal) if is_roma_task(task)]
        return [(task, plan) for task in tasks if (plan := self._plans.find(task)) is not None]

    def _checked(self, body: Mapping[str, Any]) -> dict[str, Any]:
        values = load(TaskSchema, body)
        try:
            connection = self._connections().get(values["app_id"])
        except DefinitionInvalid:
            connection = None
        if connection is None or connection.kind != "api" or not connection.settings.get("application"):
            raise InvalidParameter(f"app_id: there is no application '{values['app_id']}'.")
        self._plans.check(values)
        return values

    def _require_free(self, name: str, task: Task | None) -> None:
        taken = any(one.name == name for one in self._tasks().list() if task is None or one.uid != task.uid)
        if taken:
            raise InvalidParameter(f"name: there is a task '{name}' already.")

    def _saved(self, values: Mapping[str, Any], task: Task | None, principal: Principal) -> dict[str, Any]:
        try:
            saved = self._tasks().save(task_document(values, task.uid if task else None), principal)
            saved = self._tasks().publish(uid=saved.uid, principal=principal)
        except DefinitionInvalid as error:
            raise in_their_words(error) from None
        return _answer(saved, self._plans.save(saved, values, principal))


def _require_not_started(plan: ScheduleRecord) -> None:
    if state_of(plan) == STARTED:
        raise AlreadyRunning("The task is started; stop it first.")


def _answer(task: Task, plan: ScheduleRecord) -> dict[str, Any]:
    return {
        "id": task.uid,
        **fields_of(task, plan),
        "state": state_of(plan),
        "next_fire_time": plan.next_fire_at if state_of(plan) == STARTED else None,
        "create_time": task.created_at,
        "update_time": max(task.updated_at, plan.updated_at),
    }
