"""Backfills: one instance a date, all of them made in one transaction."""

from dataclasses import dataclass

from ..domain.creation import Backfill
from ..domain.states import State
from .database import StoreDatabase


@dataclass(frozen=True, slots=True)
class BackfillProgress:
    """How far a backfill is: instances by apparent state."""

    backfill: Backfill
    states: dict[State, int]

    @property
    def total(self) -> int:
        """How many instances it has."""
        return sum(self.states.values())

    @property
    def finished(self) -> int:
        """How many of them have ended."""
        return sum(number for state, number in self.states.items() if state.is_final)


class BackfillStore:
    """Reads backfills; `InstanceStore.create_backfill` makes them."""

    def __init__(self, database: StoreDatabase) -> None:
        self._database = database

    def progress(self, uid: str) -> BackfillProgress | None:
        """Return a backfill with the states of its instances, or None."""
        rows = self._database.read(
            "SELECT uid, task_id, first_date, last_date, parallel, created_by, created_at FROM backfill WHERE uid = ?",
            (uid,),
        )
        if not rows:
            return None
        counted = self._database.read(
            "SELECT CASE WHEN state = 'RUNNING' AND terminate_requested_at IS NOT NULL "
            "THEN 'TERMINATED' ELSE state END, count(*) FROM instance WHERE backfill_uid = ? GROUP BY 1",
            (uid,),
        )
        return BackfillProgress(Backfill(*rows[0]), {State(state): number for state, number in counted})

    def unfinished_ids(self, uid: str) -> list[int]:
        """Return the instances of a backfill that wait or run."""
        rows = self._database.read(
            "SELECT id FROM instance WHERE backfill_uid = ? AND state IN ('WAITING', 'RUNNING')", (uid,)
        )
        return [row[0] for row in rows]
