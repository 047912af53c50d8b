"""The thread that makes due schedules into waiting instances.

It sleeps until the next schedule is due, at most a second, so that a clock that was set is noticed; changes wake it.
"""

import logging
import threading

from ..domain.clock import Clock
from ..domain.errors import DefinitionInvalid, StoreUnavailable, TriggerError
from ..domain.firing import GRACE_MS, Decision, Skip, SkipCause, decide, skip_all
from ..domain.recurrence import Schedule
from ..domain.schedule_records import Firing, ScheduleRecord, Settlement
from ..domain.states import Trigger
from ..store.store import Store
from .event_plans import EventPlans
from .known_plans import KnownPlans
from .schedule_alarms import ScheduleAlarms

POLL_S = 1.0
BATCH = 100
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
STUCK_MS = 10_000

logger = logging.getLogger(__name__)


class Scheduler:
    """Fires what is due. Several may work on one store: each fire happens once."""

    def __init__(self, store: Store, clock: Clock, keep_days: int = 90, grace_ms: int = GRACE_MS) -> None:
        self._store = store
        self._clock = clock
        self._keep_ms = keep_days * DAY_MS
        self._grace_ms = grace_ms
        self._plans = KnownPlans(store)
        self._events = EventPlans(store, self._plans)
        self._alarms = ScheduleAlarms(store, clock, self._plans)
        self._next_purge: int | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._last_beat = 0

    def start(self) -> None:
        """Start the loop."""
        self._last_beat = self._clock()
        self._thread = threading.Thread(target=self._loop, name="fdl-scheduler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the loop; what is due is dealt with after the next start."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            self._store.schedules.changed.set()
            thread.join()

    def is_moving(self) -> bool:
        """Whether the loop has turned in the last seconds."""
        return self._clock() - self._last_beat < STUCK_MS

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                self.turn()
                idle_s = self._idle_s()
            except StoreUnavailable as error:
                logger.error("schedules wait, the store cannot be reached: %s", error)
                idle_s = POLL_S
            except Exception:
                logger.exception("schedules wait by a mistake of this service")
                idle_s = POLL_S
            if idle_s > 0:
                self._store.schedules.changed.wait(idle_s)

    def _idle_s(self) -> float:
        due = self._store.fires.next_due()
        return POLL_S if due is None else max(0.0, min(POLL_S, (due - self._clock()) / 1000))

    def turn(self) -> None:
        """Do what there is to do now: fire a batch of what is due, ask plans about endings, look after alarms."""
        self._last_beat = self._clock()
        self._fire_due()
        self._events.turn()
        self._alarms.turn()
        self._keep_house()

    def _fire_due(self) -> None:
        now = self._clock()
        settlements = [self._settlement(record, now) for record in self._store.fires.due(now, BATCH)]
        if settlements:
            self._store.fires.settle(settlements)

    def _settlement(self, record: ScheduleRecord, now: int) -> Settlement:
        try:
            plan = self._plans.plan(record)
            schedule = plan.schedule
            if schedule is None or not plan.enabled:
                decision = Decision((), (), None)
            else:
                decision = self._decision(record, schedule, now)
            alarm = plan.alarm
        except Exception as error:
            logger.exception("the schedule '%s' of the task '%s' is given up", record.name, record.task_name)
            reason = error.message if isinstance(error, DefinitionInvalid) else "a mistake of this service; see its log"
            broken = Skip(record.next_fire_at or now, now, 1, SkipCause.BROKEN, reason)
            decision, alarm = Decision((), (broken,), None), None
        firings, refused = self._firings(record, decision)
        return Settlement(record, alarm, firings, (*decision.skips, *refused), now, decision.next_ms)

    def _decision(self, record: ScheduleRecord, schedule: Schedule, now: int) -> Decision:
        due = record.next_fire_at
        if due is None or now < record.decided_at:  # the clock was set back: count anew from what it shows
            return Decision((), (), schedule.next_fire(now))
        if record.held_by is not None:
            return skip_all(schedule, due, now, SkipCause.PAUSED, record.held_by)
        return decide(schedule, due, now, self._grace_ms)

    def _firings(self, record: ScheduleRecord, decision: Decision) -> tuple[tuple[Firing, ...], list[Skip]]:
        firings, refused = [], []
        for fire in decision.fires:
            try:
                key = f"schedule {record.uid} {fire}"
                firings.append(self._plans.firing(record, Trigger.SCHEDULE, fire, key, fire))
            except StoreUnavailable:
                raise
            except TriggerError as error:
                refused.append(Skip(fire, fire, 1, SkipCause.REFUSED, error.message))
        return tuple(firings), refused

    def _keep_house(self) -> None:
        now = self._clock()
        if self._next_purge is None or now >= self._next_purge or now < self._next_purge - HOUR_MS:
            purged = self._store.fires.purge(now - self._keep_ms)
            self._plans.forget_all_but({record.id for record in self._store.schedules.all()})
            self._next_purge = now if purged else now + HOUR_MS
