"""INITIALIZED, STARTED and STOPPED as what a schedule is: not enabled, enabled, paused."""

from collections.abc import Callable, Mapping
from typing import Any

from ...core.schedules import ScheduleService
from ...domain.clock import Clock
from ...domain.errors import DefinitionInvalid, ObjectNotFound
from ...domain.records import Principal, Task
from ...domain.recurrence import Limits
from ...domain.schedule_records import ScheduleRecord
from .documents import PLAN, PLAN_KEYS, in_their_words, plan_document

INITIALIZED, STARTED, STOPPED = "INITIALIZED", "STARTED", "STOPPED"


class PlanStates:
    """Keeps the one schedule a ROMA task has. `zone` is where its times count."""

    def __init__(self, schedules: Callable[[], ScheduleService], clock: Clock, limits: Limits, zone: str) -> None:
        self._schedules = schedules
        self._clock = clock
        self._limits = limits
        self._zone = zone

    def check(self, values: Mapping[str, Any]) -> None:
        """Raise DefinitionInvalid for trigger fields that make no plan."""
        try:
            self._schedules().check(self._document(values, enabled=True), self._limits)
        except DefinitionInvalid as error:
            raise in_their_words(error) from None

    def find(self, task: Task) -> ScheduleRecord | None:
        """Return the plan of a task, or None."""
        try:
            return self._schedules().find(PLAN, uid=task.uid)
        except ObjectNotFound:
            return None

    def save(
        self, task: Task, values: Mapping[str, Any], principal: Principal, *, enabled: bool = False
    ) -> ScheduleRecord:
        """Keep the plan of a task; it does not fire before it is started. What others added (alarms) stays."""
        known = self.find(task)
        added = {} if known is None else {key: known.document[key] for key in known.document if key not in PLAN_KEYS}
        document = {**added, **self._document(values, enabled=enabled)}
        try:
            return self._schedules().save(document, uid=task.uid, limits=self._limits, principal=principal)
        except DefinitionInvalid as error:
            raise in_their_words(error) from None

    def start(
        self, task: Task, plan: ScheduleRecord, values: Mapping[str, Any], principal: Principal
    ) -> ScheduleRecord:
        """Let the plan fire; one that does already is left alone."""
        if state_of(plan) == STARTED:
            return plan
        saved = self.save(task, values, principal, enabled=True)
        return self._schedules().pause(saved.uid, False, principal) if saved.paused else saved

    def stop(self, task: Task, plan: ScheduleRecord, values: Mapping[str, Any], principal: Principal) -> ScheduleRecord:
        """Let the plan fire no more; one that was never started is left alone."""
        if state_of(plan) != STARTED:
            return plan
        self._schedules().pause(plan.uid, True, principal)
        self.save(task, values, principal)
        return self._schedules().get(plan.uid)

    def _document(self, values: Mapping[str, Any], *, enabled: bool) -> dict[str, Any]:
        return plan_document(values, zone=self._zone, enabled=enabled, now_ms=self._clock())


def state_of(plan: ScheduleRecord) -> str:
    """Return the state of a task by its plan."""
    if plan.paused:
        return STOPPED
    return STARTED if plan.document.get("enabled", True) else INITIALIZED
