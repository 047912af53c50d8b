"""Reading plans: their documents, the tasks they wait for, the channels of their alarms."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..domain.clock import Clock, system_clock
from ..domain.definition import invalid
from ..domain.errors import DefinitionInvalid, TaskNotFound
from ..domain.plans import Plan, parse_plan, problems_of
from ..domain.records import LOCAL, Principal
from ..domain.recurrence import Limits
from ..domain.schedule_records import PlannedTask
from ..nodes.channels.schemas import CHANNEL_SCHEMAS
from ..store.store import Store
from .lookup import find_task

Document = Mapping[str, Any]


class PlanReader:
    """Turns documents into plans that can be kept; `zone` counts where a document names none."""

    def __init__(self, store: Store, clock: Clock = system_clock, zone: str = "UTC") -> None:
        self._store = store
        self._clock = clock
        self.zone = zone

    def problems(self, documents: Sequence[Document]) -> list[tuple[str, str]]:
        """Return the mistakes in the plans of a task document, as far as they show without the store."""
        return problems_of(list(documents), self.zone)

    def planned(
        self,
        document: Document,
        *,
        task_id: int,
        limits: Limits | None = None,
        zone: str | None = None,
        principal: Principal = LOCAL,
    ) -> PlannedTask:
        """Read a plan that is to be kept for a task; raises DefinitionInvalid.

        It must fire at least once from now on, unless it is kept already, as it is.
        """
        known = self._store.schedules.named(task_id, str(document.get("name")))
        now = None if known is not None and known.document == document else self._clock()
        plan = parse_plan(document, now_ms=now, limits=limits or Limits(), zone=zone or self.zone)
        if problems := list(self._unknown_channels(plan)):
            raise invalid(problems)
        return PlannedTask(plan, tuple(self._sources(plan, principal)))

    def declared(self, documents: Sequence[Document], task_id: int) -> list[PlannedTask]:
        """Read the plans of a task document that is to be published; raises DefinitionInvalid with every mistake."""
        found: list[PlannedTask] = []
        problems: list[tuple[str, str]] = []
        for index, document in enumerate(documents):
            try:
                found.append(self.planned(document, task_id=task_id))
            except DefinitionInvalid as error:
                for key, reason in _pairs(error):
                    problems.append((f"plans[{index}].{key}", reason))
        if problems:
            raise invalid(problems)
        return found

    def _unknown_channels(self, plan: Plan) -> Iterator[tuple[str, str]]:
        known = self._store.catalog.current().connections
        for index, name in enumerate(plan.alarm.channels if plan.alarm else ()):
            if name not in known or known[name].kind not in CHANNEL_SCHEMAS:
                yield f"alarm.channels[{index}]", f"there is no channel '{name}'"

    def _sources(self, plan: Plan, principal: Principal) -> list[int]:
        snapshot = self._store.catalog.current()
        found: dict[int, None] = {}
        problems = []
        for index, text in enumerate(plan.event.tasks if plan.event else ()):
            is_uid = text.lower() in snapshot.tasks_by_uid
            try:
                task = find_task(snapshot, text if is_uid else None, None if is_uid else text, principal)
                found[task.id] = None
            except TaskNotFound as error:
                problems.append((f"value.tasks[{index}]", error.message))
        if problems:
            raise invalid(problems)
        return list(found)


def _pairs(error: DefinitionInvalid) -> list[tuple[str, str]]:
    problems = error.details["problems"]
    return list(problems) if isinstance(problems, list) else [("", error.message)]
