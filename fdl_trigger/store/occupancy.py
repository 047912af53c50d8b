"""How full the queue and the tasks are, in memory: asked at every trigger, too often to ask the store."""

import sqlite3
from collections import Counter
from collections.abc import Iterable

_WAITING = "SELECT count(*) FROM instance WHERE state = 'WAITING'"
_RUNNING = "SELECT task_id, count(*) FROM instance WHERE state = 'RUNNING' GROUP BY task_id"


class Occupancy:
    """Counts what this process does; `recount` adds what others did, and what was counted but then undone.

    Only the writer's thread changes it.
    """

    def __init__(self) -> None:
        self.waiting = 0
        self._running: Counter[int] = Counter()

    def has_room(self, task_id: int, limit: int) -> bool:
        """Tell whether fewer than `limit` instances of the task run; where none is free, the next ending makes room."""
        return self._running[task_id] < limit

    def claimed(self, task_ids: Iterable[int]) -> None:
        """Count waiting instances that now run, by their tasks."""
        for task_id in task_ids:
            self.waiting -= 1
            self._running[task_id] += 1

    def left(self, task_id: int) -> None:
        """Count an instance that no longer runs."""
        self._running[task_id] -= 1

    def recount(self, connection: sqlite3.Connection) -> int:
        """Count anew and return how many wait."""
        (self.waiting,) = connection.execute(_WAITING).fetchone()
        self._running = Counter(dict(connection.execute(_RUNNING)))
        return self.waiting
