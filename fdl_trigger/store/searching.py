"""Searching instances across tasks: filtered, sorted, counted."""

import json
from collections.abc import Iterable
from typing import Any

from ..domain.records import Instance
from ..domain.searching import Ending, InstanceSearch, Moment
from .database import StoreDatabase
from .records import InstanceReader

_TRIGGERED = "coalesce(i.service_date, i.created_at)"
_COLUMNS = {
    Moment.CREATED: "i.created_at",
    Moment.MODIFIED: "i.modified_at",
    Moment.STARTED: "i.started_at",
    Moment.TRIGGERED: _TRIGGERED,
    Moment.FINISHED: "i.finished_at",
}
_APPARENT = "CASE WHEN i.state = 'RUNNING' AND i.terminate_requested_at IS NOT NULL THEN 'TERMINATED' ELSE i.state END"


class InstanceSearcher:
    """Finds instances by what a caller knows of them."""

    def __init__(self, database: StoreDatabase, records: InstanceReader) -> None:
        self._database = database
        self._records = records

    def page(self, where: InstanceSearch, now: int) -> tuple[list[Instance], int]:
        """Return one page of what matches, and how many match in all; `now` is UTC epoch milliseconds."""
        conditions, values = _conditions(where, now)
        clause = " AND ".join(conditions)
        order = ", ".join(f"{_COLUMNS[moment]} {'DESC' if down else 'ASC'}" for moment, down in where.order)
        order = f"{order}, i.id" if order else "i.id"
        ids = f"SELECT i.id FROM instance i WHERE {clause} ORDER BY {order} LIMIT ? OFFSET ?"
        found = self._database.read(ids, [*values, where.limit, where.offset])
        [(count,)] = self._database.read(f"SELECT count(*) FROM instance i WHERE {clause}", values)
        return self._records.by_ids([row[0] for row in found]), count

    def by_key(self, task_id: int, dedupe_key: str) -> Instance | None:
        """Return the instance of a task that was created with a dedupe key, or None."""
        sql = "SELECT id FROM instance WHERE task_id = ? AND dedupe_key = ?"
        return next(
            iter(self._records.by_ids([row[0] for row in self._database.read(sql, (task_id, dedupe_key))])), None
        )

    def by_id(self, task_id: int, instance_id: int) -> Instance | None:
        """Return the instance of a task by its number, or None."""
        found = self._records.by_ids([instance_id])
        return found[0] if found and found[0].task_id == task_id else None

    def last_created(self, task_id: int) -> int | None:
        """Return when the newest instance of a task was created, in UTC epoch milliseconds, or None."""
        rows = self._database.read(
            "SELECT created_at FROM instance WHERE task_id = ? ORDER BY id DESC LIMIT 1", (task_id,)
        )
        return int(rows[0][0]) if rows else None


def _conditions(where: InstanceSearch, now: int) -> tuple[list[str], list[Any]]:
    conditions = ["i.task_id IN (SELECT value FROM json_each(?))"]
    values: list[Any] = [json.dumps(where.task_ids)]
    for limit, sign in ((where.since, ">="), (where.until, "<")):
        if limit is not None:
            conditions.append(f"{_TRIGGERED} {sign} ?")
            values.append(limit)
    if where.triggers is not None:
        conditions.append("i.trigger_kind IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(sorted(where.triggers)))
    if where.endings is not None:
        conditions.append(_any_of(where.endings, values, now))
    return conditions, values


def _any_of(endings: Iterable[Ending], values: list[Any], now: int) -> str:
    alternatives = ["0"]
    for ending in endings:
        condition = f"{_APPARENT} = ?"
        values.append(ending.state)
        if ending.reasons is not None:
            condition += " AND coalesce(i.reason, i.terminate_reason) IN (SELECT value FROM json_each(?))"
            values.append(json.dumps(sorted(ending.reasons)))
        if ending.due is not None:
            condition += f" AND i.due_at {'<=' if ending.due else '>'} ?"
            values.append(now)
        alternatives.append(f"({condition})")
    return f"({' OR '.join(alternatives)})"
