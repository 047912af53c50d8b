"""Save, list, pause, preview and simulate the schedules of tasks."""

import builtins
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..domain.clock import Clock
from ..domain.errors import InvalidParameter, ObjectNotFound
from ..domain.firing import Outage, Simulated, simulate
from ..domain.operations import Operation
from ..domain.plans import Plan, parse_plan
from ..domain.records import LOCAL, Principal, Task
from ..domain.recurrence import Limits
from ..domain.schedule_records import Fire, ScheduleRecord
from ..store.schedules import ALL_TASKS
from ..store.store import Store
from .lookup import find_task
from .permissions import require, require_everywhere
from .plan_reading import PlanReader

MAX_PREVIEW = 1_000


class ScheduleService:
    """The use cases around schedules (docs/schedules.md). Times are UTC epoch milliseconds.

    Schedules are named by their uid; tasks by `uid` (workId) or by `name`, one of the two.
    """

    def __init__(self, store: Store, clock: Clock, plans: PlanReader) -> None:
        self._store = store
        self._clock = clock
        self._plans = plans

    def check(self, document: Mapping[str, Any], limits: Limits | None = None) -> Plan:
        """Read a schedule document; raises DefinitionInvalid with every mistake."""
        return parse_plan(document, now_ms=self._clock(), limits=limits or Limits(), zone=self._plans.zone)

    def save(
        self,
        document: Mapping[str, Any],
        *,
        uid: str | None = None,
        name: str | None = None,
        limits: Limits | None = None,
        zone: str | None = None,
        principal: Principal = LOCAL,
    ) -> ScheduleRecord:
        """Add a schedule to a task, or replace the one of its name; `zone` counts where the document names none.

        Raises PermissionDenied, TaskNotFound, DefinitionInvalid (also for plans that would run in a circle).
        """
        task = self._task(uid, name, principal, Operation.MANAGE_TASKS)
        planned = self._plans.planned(document, task_id=task.id, limits=limits, zone=zone, principal=principal)
        entry = principal.did("schedule.save", f"{task.name}/{planned.plan.name}", workId=task.uid)
        self._store.schedules.save(task.id, planned, entry)
        return self.find(planned.plan.name, uid=task.uid)

    def get(self, uid: str, principal: Principal = LOCAL, operation: Operation = Operation.READ) -> ScheduleRecord:
        """Return a schedule; raises PermissionDenied, ObjectNotFound."""
        require(principal, operation)
        record = self._store.schedules.get(uid.lower())
        if record is None or not self._may(principal, operation, record):
            raise ObjectNotFound(f"There is no schedule '{uid[:64]}'.")
        return record

    def find(
        self, schedule: str, *, uid: str | None = None, name: str | None = None, principal: Principal = LOCAL
    ) -> ScheduleRecord:
        """Return the schedule of a task by its name; raises PermissionDenied, TaskNotFound, ObjectNotFound."""
        task = self._task(uid, name, principal, Operation.READ)
        record = self._store.schedules.named(task.id, schedule)
        if record is None:
            raise ObjectNotFound(f"The task '{task.name}' has no schedule '{schedule[:128]}'.")
        return record

    def list(
        self, *, uid: str | None = None, name: str | None = None, principal: Principal = LOCAL
    ) -> builtins.list[ScheduleRecord]:
        """Return the schedules of a task, or all the caller may read; raises PermissionDenied, TaskNotFound."""
        require(principal, Operation.READ)
        no_task = uid is None and name is None
        task_id = None if no_task else self._task(uid, name, principal, Operation.READ).id
        return [one for one in self._store.schedules.all(task_id) if self._may(principal, Operation.READ, one)]

    def delete(self, uid: str, principal: Principal = LOCAL) -> None:
        """Remove a schedule; the instances it made stay. Raises PermissionDenied, ObjectNotFound."""
        record = self.get(uid, principal, Operation.MANAGE_TASKS)
        self._store.schedules.delete(record.id, _did(principal, "schedule.delete", record))

    def pause(self, uid: str, paused: bool, principal: Principal = LOCAL) -> ScheduleRecord:
        """Hold a schedule (its fires are skipped and recorded) or let it go on; raises as `delete` does."""
        record = self.get(uid, principal, Operation.MANAGE_TASKS)
        entry = _did(principal, "schedule.pause" if paused else "schedule.resume", record)
        self._store.schedules.pause(record.id, paused, entry)
        return self.get(uid)

    def pause_task(
        self, paused: bool, *, uid: str | None = None, name: str | None = None, principal: Principal = LOCAL
    ) -> None:
        """Hold every schedule of a task, or let them go on; raises PermissionDenied, TaskNotFound."""
        task = self._task(uid, name, principal, Operation.MANAGE_TASKS)
        entry = principal.did("schedule.pause" if paused else "schedule.resume", task.name, workId=task.uid)
        self._store.schedules.pause_task(task.id, paused, entry)

    def pause_all(self, paused: bool, principal: Principal = LOCAL) -> None:
        """Hold every schedule, or let them go on (but for those held on their own); raises PermissionDenied."""
        require_everywhere(principal, Operation.MANAGE_TASKS)
        entry = principal.did("schedule.pause" if paused else "schedule.resume", "all schedules")
        self._store.schedules.pause_task(ALL_TASKS, paused, entry)

    def is_all_paused(self) -> bool:
        """Whether every schedule is held."""
        return ALL_TASKS in self._store.schedules.paused_tasks()

    def plan(self, record: ScheduleRecord) -> Plan:
        """Return the plan of a record; raises DefinitionInvalid when it can no longer be read."""
        return parse_plan(record.document, zone=record.zone)

    def preview(
        self, uid: str, after_ms: int | None = None, n: int = 100, principal: Principal = LOCAL
    ) -> builtins.list[int]:
        """Return the next `n` fires after a moment (None: now); none for plans by events.

        Raises PermissionDenied, ObjectNotFound, InvalidParameter.
        """
        plan = self.plan(self.get(uid, principal))
        if not 1 <= n <= MAX_PREVIEW:
            raise InvalidParameter(f"A preview has 1 to {MAX_PREVIEW} times.")
        moment = self._clock() if after_ms is None else after_ms
        return [] if plan.schedule is None else plan.schedule.preview(moment, n)

    def simulate(
        self,
        uid: str,
        first_ms: int,
        last_ms: int,
        outages: Sequence[Outage] = (),
        principal: Principal = LOCAL,
    ) -> Iterator[Simulated]:
        """Yield what becomes of every wall time of a span, and why; none for plans by events.

        Raises PermissionDenied, ObjectNotFound, InvalidParameter.
        """
        plan = self.plan(self.get(uid, principal))
        if last_ms < first_ms:
            raise InvalidParameter("The end of the simulation lies before its start.")
        return iter(()) if plan.schedule is None else simulate(plan.schedule, first_ms, last_ms, outages)

    def warnings(self, record: ScheduleRecord) -> builtins.list[str]:
        """Return what people should look after, such as a missing holiday table of the next year."""
        return self.plan(record).warnings(self._clock())

    def fires(self, uid: str, limit: int = 100, principal: Principal = LOCAL) -> builtins.list[Fire]:
        """Return what became of the fires of a schedule, newest first; raises PermissionDenied, ObjectNotFound."""
        return self._store.fires.of(self.get(uid, principal).id, limit)

    def _task(self, uid: str | None, name: str | None, principal: Principal, operation: Operation) -> Task:
        require(principal, operation)
        return find_task(self._store.catalog.current(), uid, name, principal, operation)

    def _may(self, principal: Principal, operation: Operation, record: ScheduleRecord) -> bool:
        task = self._store.catalog.current().tasks_by_uid.get(record.task_uid)
        return task is not None and principal.may(operation, task.id, task.folder)


def _did(principal: Principal, action: str, record: ScheduleRecord) -> Any:
    return principal.did(action, f"{record.task_name}/{record.name}", workId=record.task_uid)
