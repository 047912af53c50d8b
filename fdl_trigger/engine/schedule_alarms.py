"""Alarms of schedules: a due run did not begin in time, a run takes too long."""

from ..domain.clock import Clock
from ..domain.errors import DefinitionInvalid
from ..domain.notices import Ending, moment
from ..domain.plans import Alarm
from ..domain.schedule_records import ScheduleRecord, Watched
from ..domain.states import State
from ..store.fires import alarm_ending
from ..store.store import Store
from .known_plans import KnownPlans

LOOK_MS = 1_000
Answer = tuple[Watched, str, Ending | None, tuple[str, ...]]


class ScheduleAlarms:
    """Looks after the fires that have an alarm, until they have begun and ended or the alarm is given."""

    def __init__(self, store: Store, clock: Clock, plans: KnownPlans) -> None:
        self._store = store
        self._clock = clock
        self._plans = plans
        self._looked_at = 0

    def turn(self) -> None:
        """Look after them, at most once a second."""
        now = self._clock()
        if 0 <= now - self._looked_at < LOOK_MS:
            return
        self._looked_at = now
        watched = self._store.fires.watched()
        if watched:
            records = {record.id: record for record in self._store.schedules.all()}
            self._store.fires.answer([found for one in watched for found in self._answers(one, records, now)])

    def _answers(self, one: Watched, records: dict[int, ScheduleRecord], now: int) -> list[Answer]:
        record = records.get(one.schedule_id)
        found: list[Answer] = []
        if one.not_run_at is not None and (began(one) or now >= one.not_run_at):
            why = f"due at {moment(one.fire_at)}, it still waits"
            found.append(self._answer(one, "not_run_at", None if began(one) else why, record, now))
        if one.too_long_ms is not None:
            if one.state is None or one.state.is_final:
                found.append(self._answer(one, "too_long_ms", None, record, now))
            elif one.started_at is not None and now >= one.started_at + one.too_long_ms:
                why = f"it has run for more than {one.too_long_ms / 60_000:g} min"
                found.append(self._answer(one, "too_long_ms", why, record, now))
        return found

    def _answer(self, one: Watched, column: str, why: str | None, record: ScheduleRecord | None, now: int) -> Answer:
        alarm = self._alarm(record)
        if why is None or record is None or alarm is None:
            return one, column, None, ()
        message = f"the run of the schedule '{record.name}': {why}"
        state = one.state or State.WAITING
        told = alarm_ending(record, one.instance_uid, state, message, one.attempt, one.created_at, one.started_at, now)
        return one, column, told, alarm.channels

    def _alarm(self, record: ScheduleRecord | None) -> Alarm | None:
        try:
            return None if record is None else self._plans.plan(record).alarm
        except DefinitionInvalid:
            return None  # a plan that cannot be read tells nobody


def began(one: Watched) -> bool:
    """Tell whether a run has begun, or will never begin because it was ended on purpose."""
    return one.state is not State.WAITING or one.attempt > 0
