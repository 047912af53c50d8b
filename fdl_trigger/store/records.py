"""Reading instances: one by one and as filtered pages."""

import json
from typing import Any

from ..domain.records import Counts, Instance, InstanceFilter
from ..domain.states import Reason, State, Trigger
from .database import StoreDatabase

_SELECT = """
SELECT i.id, i.uid, i.task_id, t.uid, t.name, i.version, i.state, i.reason, i.message, i.attempt, i.priority,
       i.trigger_kind, i.trigger_by, i.params, i.created_at, i.due_at, i.started_at, i.finished_at, i.modified_at,
       i.terminate_requested_at, i.source_uid, i.pages, i.rows_read, i.rows_inserted, i.rows_updated, i.rows_deleted,
       i.rows_skipped, i.rows_dirty, i.id = (SELECT max(n.id) FROM instance n WHERE n.task_id = i.task_id),
       i.service_date, i.dedupe_key
FROM instance i JOIN task t ON t.id = i.task_id
"""

# What callers are told: see Instance.apparent_state.
_APPARENT = "CASE WHEN i.state = 'RUNNING' AND i.terminate_requested_at IS NOT NULL THEN 'TERMINATED' ELSE i.state END"


class InstanceReader:
    """Reads instances as immutable values."""

    def __init__(self, database: StoreDatabase) -> None:
        self._database = database

    def by_uid(self, uid: str) -> Instance | None:
        """Return the instance, or None."""
        rows = self._database.read(_SELECT + "WHERE i.uid = ?", (uid,))
        return _instance(rows[0]) if rows else None

    def by_ids(self, ids: list[int]) -> list[Instance]:
        """Return the instances with these numbers, in this order; those there are not are left out."""
        rows = self._database.read(_SELECT + "WHERE i.id IN (SELECT value FROM json_each(?))", (json.dumps(ids),))
        found = {row[0]: _instance(row) for row in rows}
        return [found[one] for one in ids if one in found]

    def matching(self, where: InstanceFilter) -> list[Instance]:
        """Return one page of the instances that match, newest first."""
        conditions, values = _conditions(where)
        clause = f"WHERE {' AND '.join(conditions)} " if conditions else ""
        sql = f"{_SELECT}{clause}ORDER BY i.id DESC LIMIT ? OFFSET ?"
        return [_instance(row) for row in self._database.read(sql, [*values, where.limit, where.offset])]

    def unfinished(self, task_id: int) -> list[Instance]:
        """Return the waiting and running instances of a task whose stop was not yet requested, oldest first."""
        rows = self._database.read(
            _SELECT + "WHERE i.task_id = ? AND i.state IN ('WAITING', 'RUNNING') "
            "AND i.terminate_requested_at IS NULL ORDER BY i.id",
            (task_id,),
        )
        return [_instance(row) for row in rows]

    def queue_position(self, instance_id: int) -> tuple[int, int, int]:
        """Return how many instances of the same task run, how many wait ahead of this one, and the task's limit."""
        rows = self._database.read(
            "SELECT (SELECT count(*) FROM instance r WHERE r.task_id = i.task_id AND r.state = 'RUNNING'), "
            "(SELECT count(*) FROM instance w WHERE w.task_id = i.task_id AND w.state = 'WAITING' "
            "AND (w.priority, w.id) < (i.priority, i.id)), i.overlap_limit FROM instance i WHERE i.id = ?",
            (instance_id,),
        )
        return rows[0] if rows else (0, 0, 1)

    def stop_requests(self, owner: str) -> list[tuple[int, Reason, str]]:
        """Return (id, reason, message) of this owner's running instances that were asked to stop."""
        rows = self._database.read(
            "SELECT id, terminate_reason, message FROM instance "
            "WHERE state = 'RUNNING' AND terminate_requested_at IS NOT NULL AND owner = ?",
            (owner,),
        )
        return [(row[0], Reason(row[1]), row[2]) for row in rows]

    def next_due(self, after: int) -> int | None:
        """Return the earliest time after `after` at which a waiting instance falls due, or None."""
        rows = self._database.read(
            "SELECT min(due_at) FROM instance WHERE state = 'WAITING' AND due_at > created_at AND due_at > ?", (after,)
        )
        due: int | None = rows[0][0]
        return due

    def lost_versions(self, owner: str) -> list[tuple[int, int]]:
        """Return the (task id, version) pairs of RUNNING rows that do not belong to `owner`."""
        return [
            (row[0], row[1])
            for row in self._database.read(
                "SELECT DISTINCT task_id, version FROM instance WHERE state = 'RUNNING' AND owner <> ?", (owner,)
            )
        ]


def _conditions(where: InstanceFilter) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    if where.task_id is not None:
        conditions.append("i.task_id = ?")
        values.append(where.task_id)
    if where.since is not None:
        conditions.append("i.created_at >= ?")
        values.append(where.since)
    if where.until is not None:
        conditions.append("i.created_at <= ?")
        values.append(where.until)
    if where.triggers is not None:
        conditions.append(f"i.trigger_kind IN ({_marks(where.triggers)})")
        values += sorted(where.triggers)
    if where.outcomes is not None:
        conditions.append(_any_outcome(where, values))
    return conditions, values


def _any_outcome(where: InstanceFilter, values: list[Any]) -> str:
    alternatives = ["0"]
    for state, reasons in where.outcomes or ():
        condition = f"{_APPARENT} = ?"
        values.append(state)
        if reasons is not None:
            condition += f" AND i.reason IN ({_marks(reasons)})"
            values += sorted(reasons)
        alternatives.append(f"({condition})")
    return f"({' OR '.join(alternatives)})"


def _marks(values: frozenset[Any]) -> str:
    return ", ".join("?" * len(values))


def _instance(row: tuple[Any, ...]) -> Instance:
    return Instance(
        id=row[0],
        uid=row[1],
        task_id=row[2],
        task_uid=row[3],
        task_name=row[4],
        version=row[5],
        state=State(row[6]),
        reason=Reason(row[7]) if row[7] else None,
        message=row[8],
        attempt=row[9],
        priority=row[10],
        trigger=Trigger(row[11]),
        trigger_by=row[12],
        params=json.loads(row[13]),
        created_at=row[14],
        due_at=row[15],
        started_at=row[16],
        finished_at=row[17],
        modified_at=row[18],
        terminate_requested_at=row[19],
        source_uid=row[20],
        counts=Counts(*row[21:28]),
        is_latest=bool(row[28]),
        service_date=row[29],
        dedupe_key=row[30],
    )
