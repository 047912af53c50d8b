"""The plans of schedules, read once for every revision, and the tasks they run."""

from ..domain.creation import NewInstance
from ..domain.errors import DefinitionInvalid, TaskNotFound, TriggerError
from ..domain.plans import Plan, parse_plan
from ..domain.records import Task
from ..domain.schedule_records import Firing, ScheduleRecord
from ..domain.states import Trigger
from ..domain.triggering import new_instance, require_runnable
from ..store.store import Store


class KnownPlans:
    """Remembers plans by schedule and revision."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._plans: dict[int, tuple[int, Plan]] = {}

    def plan(self, record: ScheduleRecord) -> Plan:
        """Return the plan of a schedule; raises DefinitionInvalid when it can no longer be read."""
        known = self._plans.get(record.id)
        if known is None or known[0] != record.revision:
            known = self._plans[record.id] = record.revision, parse_plan(record.document, zone=record.zone)
        return known[1]

    def forget_all_but(self, ids: set[int]) -> None:
        """Let go of the plans of schedules that are gone."""
        for schedule_id in self._plans.keys() - ids:
            del self._plans[schedule_id]

    def task(self, record: ScheduleRecord) -> Task:
        """Return the task of a schedule; raises TaskNotFound."""
        task = self._store.catalog.current().tasks_by_uid.get(record.task_uid)
        if task is None:
            raise TaskNotFound(f"There is no task '{record.task_name}'.")
        return task

    def firing(
        self, record: ScheduleRecord, trigger: Trigger, fire_at: int, dedupe_key: str, service_date: int
    ) -> Firing:
        """Return the run to create; raises what `instances.execute` raises before it comes to the store."""
        return Firing(fire_at, self._instance(record, trigger, dedupe_key, service_date))

    def _instance(self, record: ScheduleRecord, trigger: Trigger, dedupe_key: str, service_date: int) -> NewInstance:
        task = self.task(record)
        try:
            definition = self._store.catalog.definition(task.id, require_runnable(task))
        except DefinitionInvalid as error:
            raise TriggerError(f"the task cannot be read: {error.message}") from None
        return new_instance(
            task, definition, trigger, record.name, {}, dedupe_key=dedupe_key, service_date=service_date
        )
