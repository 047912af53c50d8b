"""Reads the store's SQLite file past the service, and says what is wrong with it."""

import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


class StoreChecker:
    """Looks at the file itself; every question opens it anew."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=10)
        try:
            yield connection
        finally:
            connection.close()

    def missing(self, answered: Iterable[str]) -> set[str]:
        """Return the answered ids the store does not know."""
        with self._opened() as connection:
            known = {uid for (uid,) in connection.execute("SELECT uid FROM instance")}
        return set(answered) - known

    def running_owners(self) -> set[str]:
        """Return who the RUNNING rows belong to."""
        with self._opened() as connection:
            rows = connection.execute("SELECT DISTINCT owner FROM instance WHERE state = 'RUNNING'")
            return {owner for (owner,) in rows}

    def seconds_until_recovered(self, dead: set[str], since: float, limit_s: float) -> float:
        """Return how long after `since` no row of a dead owner was RUNNING any more; at least `limit_s` if never."""
        with self._opened() as connection:
            question = (
                f"SELECT count(*) FROM instance WHERE state = 'RUNNING' AND owner IN ({','.join('?' * len(dead))})"
            )
            while connection.execute(question, sorted(dead)).fetchone()[0]:
                if time.monotonic() - since >= limit_s:
                    break
                time.sleep(0.01)
        return time.monotonic() - since

    def wait_until_finished(self, limit_s: float) -> int:
        """Wait until nothing waits or runs, at most `limit_s` seconds; return how many still do."""
        deadline = time.monotonic() + limit_s
        with self._opened() as connection:
            question = "SELECT count(*) FROM instance WHERE state IN ('WAITING', 'RUNNING')"
            while (open_ones := connection.execute(question).fetchone()[0]) and time.monotonic() < deadline:
                time.sleep(0.1)
        return int(open_ones)

    def endings(self) -> Counter[str]:
        """Return how many instances ended how."""
        with self._opened() as connection:
            rows = connection.execute("SELECT state || coalesce(' ' || reason, ''), count(*) FROM instance GROUP BY 1")
            return Counter(dict(rows.fetchall()))

    def failures(self) -> list[str]:
        """Return the different messages of failed instances."""
        with self._opened() as connection:
            rows = connection.execute("SELECT DISTINCT message FROM instance WHERE state = 'FAILED' LIMIT 5")
            return [message for (message,) in rows]

    def not_terminated(self, uids: Iterable[str]) -> set[str]:
        """Return those of `uids` that did not end as TERMINATED."""
        with self._opened() as connection:
            ended = {uid for (uid,) in connection.execute("SELECT uid FROM instance WHERE state = 'TERMINATED'")}
        return set(uids) - ended

    def faults(self, allowed_attempts: dict[str, int]) -> list[str]:
        """Return what is doubled, unsettled or damaged; `allowed_attempts` is by task uid."""
        with self._opened() as connection:
            found = [
                f"{name}: {rows[:3]}" for name, sql in _FAULTS.items() if (rows := connection.execute(sql).fetchall())
            ]
            for task, attempts in allowed_attempts.items():
                rows = connection.execute(_TOO_OFTEN, (task, attempts)).fetchall()
                found += [f"run more often than {attempts} times: {uid}" for (uid,) in rows]
            (integrity,) = connection.execute("PRAGMA integrity_check").fetchone()
        return found if integrity == "ok" else [*found, f"integrity_check: {integrity}"]


_TOO_OFTEN = "SELECT i.uid FROM instance i JOIN task t ON t.id = i.task_id WHERE t.uid = ? AND i.attempt > ?"

_FAULTS = {
    "an id with two rows": "SELECT uid FROM instance GROUP BY uid HAVING count(*) > 1",
    "foreign keys that lead nowhere": "PRAGMA foreign_key_check",
    "created other than once": (
        "SELECT i.uid FROM instance i LEFT JOIN instance_event e ON e.instance_id = i.id AND e.old IS NULL "
        "GROUP BY i.id HAVING count(e.id) <> 1"
    ),
    "ended other than once": (
        "SELECT i.uid FROM instance i LEFT JOIN instance_event e ON e.instance_id = i.id "
        "AND e.new IN ('SUCCEEDED', 'FAILED', 'TERMINATED') GROUP BY i.id HAVING count(e.id) <> 1"
    ),
    "started other than as often as attempted": (
        "SELECT i.uid FROM instance i LEFT JOIN instance_event e ON e.instance_id = i.id AND e.new = 'RUNNING' "
        "GROUP BY i.id HAVING count(e.id) <> i.attempt"
    ),
    "a step that still runs": "SELECT instance_id FROM node_run WHERE state = 'RUNNING'",
}
