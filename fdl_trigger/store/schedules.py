"""Schedules as they are kept: saved, declared by task documents, paused, deleted."""

import json
import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from ..domain.audit import AuditEntry
from ..domain.clock import Clock
from ..domain.definition import invalid
from ..domain.plans import circle
from ..domain.schedule_records import PlannedTask, ScheduleRecord
from .audit import audited
from .database import StoreDatabase
from .signals import Signal
from .writer import Writer

ALL_TASKS = 0

SELECT = """
SELECT s.id, s.uid, s.task_id, t.uid, t.name, s.name, s.document, s.zone, s.declared, s.paused,
       CASE WHEN s.paused THEN 'the schedule is paused'
            WHEN EXISTS (SELECT 1 FROM schedule_pause p WHERE p.task_id = s.task_id)
            THEN 'the schedules of the task are paused'
            WHEN EXISTS (SELECT 1 FROM schedule_pause p WHERE p.task_id = 0) THEN 'all schedules are paused' END,
       s.next_fire_at, s.last_fire_at, s.decided_at, s.revision, s.created_at, s.updated_at
FROM schedule s JOIN task t ON t.id = s.task_id AND t.deleted_at IS NULL
"""
_EDGES = """
SELECT o.task_id, s.task_id, a.name, b.name FROM schedule_source o
JOIN schedule s ON s.id = o.schedule_id
JOIN task a ON a.id = o.task_id JOIN task b ON b.id = s.task_id AND b.deleted_at IS NULL
"""


class ScheduleStore:
    """Keeps schedules; every change is durable when the call returns, and wakes the scheduler (`changed`)."""

    def __init__(self, database: StoreDatabase, writer: Writer, clock: Clock) -> None:
        self._database = database
        self._writer = writer
        self._clock = clock
        self.changed = Signal()

    def all(self, task_id: int | None = None) -> list[ScheduleRecord]:
        """Return the schedules of one task or of all that are in use, by task and name."""
        return self._read("WHERE ?1 IS NULL OR s.task_id = ?1 ORDER BY t.name, s.name", task_id)

    def get(self, uid: str) -> ScheduleRecord | None:
        """Return a schedule, or None."""
        return next(iter(self._read("WHERE s.uid = ?", uid)), None)

    def named(self, task_id: int, name: str) -> ScheduleRecord | None:
        """Return the schedule of this name, or None."""
        return next(iter(self._read("WHERE s.task_id = ? AND s.name = ?", task_id, name)), None)

    def _read(self, clause: str, *values: object) -> list[ScheduleRecord]:
        return [record_of(row) for row in self._database.read(SELECT + clause, values)]

    def save(self, task_id: int, planned: PlannedTask, entry: AuditEntry) -> None:
        """Add a schedule to a task or replace the one of its name; raises DefinitionInvalid for a circle."""
        self._change(lambda connection: self._put(connection, task_id, planned, None), entry)

    def declare(self, connection: sqlite3.Connection, task_id: int, planned: Sequence[PlannedTask]) -> None:
        """Keep exactly these as the declared schedules of a task, inside the current transaction.

        Raises DefinitionInvalid for a circle. Those that were saved one by one stay.
        """
        names = [one.plan.name for one in planned]
        marks = ", ".join("?" * len(names))
        connection.execute(
            f"DELETE FROM schedule WHERE task_id = ? AND declared AND name NOT IN ({marks})", (task_id, *names)
        )
        for one in planned:
            self._put(connection, task_id, one, True)
        self.changed.set()

    def _put(self, connection: sqlite3.Connection, task_id: int, planned: PlannedTask, declared: bool | None) -> None:
        plan, now = planned.plan, self._clock()
        document = json.dumps(dict(plan.document), ensure_ascii=False, sort_keys=True)
        found = connection.execute(
            "SELECT id, document, zone FROM schedule WHERE task_id = ? AND name = ?", (task_id, plan.name)
        ).fetchone()
        if found is not None and found[1:] == (document, plan.zone):
            connection.execute(
                "UPDATE schedule SET declared = coalesce(?, declared) WHERE id = ?", (declared, found[0])
            )
            return
        values = (document, plan.zone, plan.next_fire(now), now, now)
        if found is None:
            cursor = connection.execute(
                "INSERT INTO schedule (document, zone, next_fire_at, decided_at, updated_at, created_at, uid, task_id, "
                "name, declared) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*values, now, str(uuid.uuid4()), task_id, plan.name, bool(declared)),
            )
            schedule_id = int(cursor.lastrowid or 0)
        else:
            schedule_id = found[0]
            connection.execute(
                "UPDATE schedule SET document = ?, zone = ?, next_fire_at = ?, decided_at = ?, updated_at = ?, "
                "declared = coalesce(?, declared), revision = revision + 1 WHERE id = ?",
                (*values, declared, schedule_id),
            )
        _keep_sources(connection, schedule_id, task_id, planned.sources)

    def delete(self, schedule_id: int, entry: AuditEntry) -> None:
        """Remove a schedule with its record of fires; the instances it made stay."""
        self._change(
            lambda connection: connection.execute("DELETE FROM schedule WHERE id = ?", (schedule_id,)),
            entry,
        )

    def pause(self, schedule_id: int, paused: bool, entry: AuditEntry) -> None:
        """Hold a schedule, or let it go on: what is due while it is held is skipped."""
        statement = "UPDATE schedule SET paused = ?, revision = revision + 1 WHERE id = ?"
        self._change(lambda connection: connection.execute(statement, (paused, schedule_id)), entry)

    def pause_task(self, task_id: int, paused: bool, entry: AuditEntry) -> None:
        """Hold the schedules of a task (ALL_TASKS: of every task), or let them go on."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM schedule_pause WHERE task_id = ?", (task_id,))
            if paused:
                connection.execute("INSERT INTO schedule_pause (task_id, at) VALUES (?, ?)", (task_id, self._clock()))
            connection.execute("UPDATE schedule SET revision = revision + 1 WHERE ?1 = 0 OR task_id = ?1", (task_id,))

        self._change(work, entry)

    def paused_tasks(self) -> set[int]:
        """Return the ids of the tasks whose schedules are held; ALL_TASKS among them when all are."""
        return {row[0] for row in self._database.read("SELECT task_id FROM schedule_pause")}

    def _change(self, work: Any, entry: AuditEntry) -> None:
        self._writer.write(audited(work, entry, self._clock))
        self.changed.set()


def record_of(row: tuple[Any, ...]) -> ScheduleRecord:
    """Return the record of a row of SELECT."""
    document, declared, paused = json.loads(row[6]), bool(row[8]), bool(row[9])
    values: list[Any] = [*row[:6], document, row[7], declared, paused, *row[10:]]
    return ScheduleRecord(*values)


def _keep_sources(connection: sqlite3.Connection, schedule_id: int, task_id: int, sources: Iterable[int]) -> None:
    connection.execute("DELETE FROM schedule_source WHERE schedule_id = ?", (schedule_id,))
    rows = [(schedule_id, source) for source in sources]
    if not rows:
        return
    connection.executemany("INSERT INTO schedule_source (schedule_id, task_id) VALUES (?, ?)", rows)
    edges = connection.execute(_EDGES).fetchall()
    names = {number: name for row in edges for number, name in zip(row[:2], row[2:], strict=True)}
    found = circle([row[:2] for row in edges], task_id)
    if found:
        path = " → ".join(names[one] for one in found)
        raise invalid([("value.tasks", f"tasks would run one another in a circle: {path}")])
