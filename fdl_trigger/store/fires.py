"""What schedules do: which are due, what was decided about them, and the record of their fires."""

import sqlite3
import uuid
from collections.abc import Iterable
from typing import Any

from ..domain.clock import Clock
from ..domain.errors import TriggerError
from ..domain.firing import Skip, SkipCause
from ..domain.notices import Ending, Occasion
from ..domain.records import Counts, Principal
from ..domain.schedule_records import Fire, Firing, ScheduleRecord, Settlement, SourceEvent, Watched
from ..domain.states import State, Trigger
from ..failpoints import fail_point
from .database import StoreDatabase
from .instances import InstanceStore
from .outbox import put
from .schedules import SELECT, record_of
from .signals import Signals
from .writer import Writer

KEPT_FIRES = 100_000
_MOVE_ON = """
UPDATE schedule SET next_fire_at = ?, decided_at = ?, last_fire_at = coalesce(?, last_fire_at)
WHERE id = ? AND revision = ? AND decided_at = ? AND next_fire_at IS ?
"""
_DUE = """
SELECT id FROM schedule WHERE next_fire_at <= ?1
UNION SELECT id FROM schedule WHERE decided_at > ?1
"""
_FIRE = """
INSERT INTO schedule_fire (schedule_id, fire_at, last_at, count, at, cause, reason, instance_uid, not_run_at,
                           too_long_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_PURGE = """
DELETE FROM schedule_fire WHERE id IN (
    SELECT id FROM schedule_fire
    WHERE at < ? OR id <= (SELECT id FROM schedule_fire ORDER BY id DESC LIMIT 1 OFFSET ?) LIMIT 1000
)
"""
_WATCHED = """
SELECT f.id, f.schedule_id, f.fire_at, f.not_run_at, f.too_long_ms, f.instance_uid, i.state, coalesce(i.attempt, 0),
       coalesce(i.created_at, 0), i.started_at
FROM schedule_fire f LEFT JOIN instance i ON i.uid = f.instance_uid
WHERE f.not_run_at IS NOT NULL OR f.too_long_ms IS NOT NULL
"""


class FireStore:
    """Writes down what a scheduler decides: runs, skipped fires and the next due time in one transaction."""

    def __init__(
        self, database: StoreDatabase, writer: Writer, clock: Clock, instances: InstanceStore, signals: Signals
    ) -> None:
        self._database = database
        self._writer = writer
        self._clock = clock
        self._instances = instances
        self._signals = signals

    def due(self, now: int, limit: int) -> list[ScheduleRecord]:
        """Return schedules that are due, the longest due first; also those decided in what is now the future."""
        rows = self._database.read(
            f"{SELECT} WHERE s.id IN ({_DUE}) ORDER BY s.next_fire_at LIMIT ?2",
            (now, limit),
        )
        return [record_of(row) for row in rows]

    def next_due(self) -> int | None:
        """Return when the next schedule is due."""
        rows = self._database.read(
            "SELECT s.next_fire_at FROM schedule s JOIN task t ON t.id = s.task_id AND t.deleted_at IS NULL "
            "WHERE s.next_fire_at IS NOT NULL ORDER BY s.next_fire_at LIMIT 1"
        )
        return rows[0][0] if rows else None

    def settle(self, settlements: list[Settlement]) -> int:
        """Write down decisions, each only if its schedule is as it was when it was decided; return how many ran."""

        def work(connection: sqlite3.Connection) -> int:
            return sum(self._settle(connection, one) for one in settlements)

        made = self._writer.write(work)
        fail_point("schedule.committed")
        self._signals.stop()  # a fire may replace what runs
        return made

    def _settle(self, connection: sqlite3.Connection, one: Settlement) -> int:
        record = one.record
        last = one.firings[-1].fire_at if one.firings else None
        values = (one.next_ms, one.decided_at, last, record.id, record.revision, record.decided_at, record.next_fire_at)
        if connection.execute(_MOVE_ON, values).rowcount != 1:
            return 0
        fail_point("schedule.moved_on")
        return self._write(connection, one)

    def _write(self, connection: sqlite3.Connection, one: Settlement) -> int:
        for skip in one.skips:
            self._skip(connection, one, skip)
        return sum(self._fire(connection, one, firing) for firing in one.firings)

    def _fire(self, connection: sqlite3.Connection, one: Settlement, firing: Firing) -> bool:
        key = (firing.new.task_id, firing.new.dedupe_key)
        if connection.execute("SELECT 1 FROM instance WHERE task_id = ? AND dedupe_key = ?", key).fetchone():
            return False  # it has run already: the clock was set back
        entry = Principal(f"schedule {one.record.name}").did(
            "task.execute", one.record.task_name, workId=one.record.task_uid, schedule=one.record.uid
        )
        fire_at, alarm = firing.fire_at, one.alarm
        try:
            created = self._instances.create_within(connection, firing.new, str(uuid.uuid4()), entry)
        except TriggerError as error:
            self._skip(connection, one, Skip(fire_at, fire_at, 1, SkipCause.REFUSED, error.message))
            return False
        not_run = fire_at + alarm.not_run_ms if alarm and alarm.not_run_ms else None
        values = (None, "", created.uid, not_run, alarm.too_long_ms if alarm else None)
        connection.execute(_FIRE, (one.record.id, fire_at, fire_at, 1, created.at, *values))
        return True

    def _skip(self, connection: sqlite3.Connection, one: Settlement, skip: Skip) -> None:
        now = self._clock()
        last = connection.execute(
            "SELECT id, cause, reason FROM schedule_fire WHERE schedule_id = ? ORDER BY id DESC LIMIT 1",
            (one.record.id,),
        ).fetchone()
        if last is not None and last[1:] == (skip.cause, skip.reason) and skip.cause is not SkipCause.MISFIRE:
            connection.execute(
                "UPDATE schedule_fire SET last_at = max(last_at, ?), count = count + ?, at = ? WHERE id = ?",
                (skip.last_ms, skip.count, now, last[0]),
            )
            return
        values = (
            one.record.id,
            skip.first_ms,
            skip.last_ms,
            skip.count,
            now,
            skip.cause,
            skip.reason,
            None,
            None,
            None,
        )
        connection.execute(_FIRE, values)
        if one.alarm and one.alarm.not_run_ms and skip.cause is not SkipCause.PAUSED:
            ending = _late(one.record, skip, now)
            put(connection, ending, Occasion.LATE, one.alarm.channels)

    def of(self, schedule_id: int, limit: int = 100) -> list[Fire]:
        """Return what became of the fires of a schedule, newest first."""
        rows = self._database.read(
            "SELECT fire_at, last_at, count, at, cause, reason, instance_uid FROM schedule_fire "
            "WHERE schedule_id = ? ORDER BY id DESC LIMIT ?",
            (schedule_id, limit),
        )
        return [Fire(*[*row[:4], SkipCause(row[4]) if row[4] else None, *row[5:]]) for row in rows]

    def purge(self, before: int, keep: int = KEPT_FIRES) -> int:
        """Forget a batch of what was written before a time or lies beyond the newest `keep`; return how many."""
        return self._writer.write(lambda connection: connection.execute(_PURGE, (before, keep)).rowcount)

    def events(self, limit: int) -> list[SourceEvent]:
        """Return endings that plans have not been asked about yet, oldest first."""
        rows = self._database.read(
            "SELECT id, task_id, instance_uid, state, trigger_kind, service_date, at FROM schedule_event "
            "ORDER BY id LIMIT ?",
            (limit,),
        )
        return [SourceEvent(*[*row[:3], State(row[3]), Trigger(row[4]), *row[5:]]) for row in rows]

    def waiting_for(self, task_id: int) -> list[tuple[ScheduleRecord, dict[int, int | None]]]:
        """Return the schedules that wait for a task, with the time each of their sources last succeeded."""
        rows = self._database.read(
            f"{SELECT} WHERE s.id IN (SELECT schedule_id FROM schedule_source WHERE task_id = ?)", (task_id,)
        )
        return [(record, self._marks(record.id)) for record in map(record_of, rows)]

    def _marks(self, schedule_id: int) -> dict[int, int | None]:
        rows = self._database.read(
            "SELECT task_id, succeeded_at FROM schedule_source WHERE schedule_id = ?", (schedule_id,)
        )
        return dict(rows)

    def settle_event(
        self, event: SourceEvent, marks: Iterable[tuple[int, dict[int, int | None]]], settlements: list[Settlement]
    ) -> bool:
        """Write down what plans make of an ending: their marks, by schedule, and their runs.

        False when another scheduler has done so already.
        """
        rows = [(at, schedule_id, task_id) for schedule_id, of in marks for task_id, at in of.items()]

        def work(connection: sqlite3.Connection) -> bool:
            if connection.execute("DELETE FROM schedule_event WHERE id = ?", (event.id,)).rowcount != 1:
                return False
            connection.executemany(
                "UPDATE schedule_source SET succeeded_at = ? WHERE schedule_id = ? AND task_id = ?", rows
            )
            for one in settlements:
                self._write(connection, one)
                connection.execute("UPDATE schedule SET last_fire_at = ? WHERE id = ?", (event.at, one.record.id))
            return True

        done = self._writer.write(work)
        self._signals.stop()  # a fire may replace what runs
        return done

    def is_paused(self, instance_uid: str) -> bool:
        """Tell whether the schedule that made an instance is paused; False for one no schedule made."""
        rows = self._database.read(
            "SELECT s.paused FROM schedule_fire f JOIN schedule s ON s.id = f.schedule_id WHERE f.instance_uid = ?",
            (instance_uid,),
        )
        return any(row[0] for row in rows)

    def watched(self) -> list[Watched]:
        """Return the fires whose alarms have not been decided yet."""
        return [_watched(row) for row in self._database.read(_WATCHED)]

    def answer(self, answers: list[tuple[Watched, str, Ending | None, tuple[str, ...]]]) -> None:
        """Stop watching for something (`not_run_at` or `too_long_ms`), and give notice of it where there is one."""

        def work(connection: sqlite3.Connection) -> None:
            for one, column, ending, channels in answers:
                assert column in ("not_run_at", "too_long_ms")  # noqa: S101 - it becomes part of a statement
                cursor = connection.execute(
                    f"UPDATE schedule_fire SET {column} = NULL WHERE id = ? AND {column} IS NOT NULL", (one.fire_id,)
                )
                if cursor.rowcount == 1 and ending is not None:
                    put(connection, ending, Occasion.LATE if column == "not_run_at" else Occasion.LONG, channels)

        if answers:
            self._writer.write(work)


def _watched(row: tuple[Any, ...]) -> Watched:
    values: list[Any] = [*row[:6], State(row[6]) if row[6] else None, *row[7:]]
    return Watched(*values)


def _late(record: ScheduleRecord, skip: Skip, now: int) -> Ending:
    message = f"the schedule '{record.name}' skipped {skip.count} due runs: {skip.reason}"
    return alarm_ending(record, "", State.SKIPPED, message, 0, skip.first_ms, None, now)


def alarm_ending(
    record: ScheduleRecord,
    instance_uid: str,
    state: State,
    message: str,
    attempt: int,
    created_at: int,
    started_at: int | None,
    now: int,
) -> Ending:
    """Return what an alarm of a schedule tells, as notices carry it."""
    return Ending(
        task_id=record.task_id,
        task_uid=record.task_uid,
        task_name=record.task_name,
        instance_uid=instance_uid,
        state=state,
        reason=None,
        message=message,
        attempt=attempt,
        trigger=Trigger.SCHEDULE,
        trigger_by=record.name,
        created_at=created_at,
        started_at=started_at,
        finished_at=now,
        counts=Counts(),
    )
