"""Plans by events: endings of the listed tasks, taken one by one from where the store keeps them."""

import logging

from ..domain.errors import StoreUnavailable, TriggerError
from ..domain.firing import Skip, SkipCause
from ..domain.plans import EventRule, Match
from ..domain.schedule_records import Firing, ScheduleRecord, Settlement, SourceEvent
from ..domain.states import State, Trigger
from ..store.store import Store
from .known_plans import KnownPlans

BATCH = 200
Marks = dict[int, int | None]

logger = logging.getLogger(__name__)


class EventPlans:
    """Asks the plans that wait for a task about each of its endings."""

    def __init__(self, store: Store, plans: KnownPlans) -> None:
        self._store = store
        self._plans = plans

    def turn(self) -> None:
        """Deal with the endings that are there."""
        for event in self._store.fires.events(BATCH):
            self._deal_with(event)

    def _deal_with(self, event: SourceEvent) -> None:
        marks: list[tuple[int, Marks]] = []
        settlements: list[Settlement] = []
        for record, known in self._store.fires.waiting_for(event.task_id):
            try:
                plan = self._plans.plan(record)
            except TriggerError as error:
                logger.error("the plan '%s' of the task '%s' is passed over: %s", record.name, record.task_name, error)
                continue
            if plan.event is None or not plan.enabled:
                continue
            after, fires = weigh(plan.event, event, known)
            marks.append((record.id, after))
            if fires:
                firings, skips = self._outcome(record, event)
                settlements.append(Settlement(record, plan.alarm, firings, skips, event.at, None))
        self._store.fires.settle_event(event, marks, settlements)

    def _outcome(self, record: ScheduleRecord, event: SourceEvent) -> tuple[tuple[Firing, ...], tuple[Skip, ...]]:
        if record.held_by is not None:
            return (), (Skip(event.at, event.at, 1, SkipCause.PAUSED, record.held_by),)
        key = f"event {record.uid} {event.instance_uid}"
        service_date = event.at if event.service_date is None else event.service_date
        try:
            return (self._plans.firing(record, Trigger.EVENT, event.at, key, service_date),), ()
        except StoreUnavailable:
            raise
        except TriggerError as error:
            return (), (Skip(event.at, event.at, 1, SkipCause.REFUSED, error.message),)


def weigh(rule: EventRule, event: SourceEvent, marks: Marks) -> tuple[Marks, bool]:
    """Return when each source last succeeded, as far as it still counts, and whether the plan runs now.

    A failure takes back what the task had achieved; a run uses up what led to it.
    """
    if event.trigger is Trigger.RETRY and not rule.on_retry:
        return marks, False
    if event.state is not State.SUCCEEDED:
        return {**marks, event.task_id: None}, False
    if rule.match is Match.ANY:
        return marks, True
    fresh: Marks = {
        task: at if at is not None and abs(event.at - at) <= rule.within_ms else None for task, at in marks.items()
    }
    fresh[event.task_id] = event.at
    if None in fresh.values():
        return fresh, False
    return dict.fromkeys(fresh), True
