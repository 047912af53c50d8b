"""The state machine after a crash: what becomes of rows that a dead process left RUNNING."""

import sqlite3

from ..domain.clock import Clock
from ..domain.states import Reason, State
from ..failpoints import fail_point
from . import statements as sql
from .instances import InstanceStore
from .writer import Writer


class Recovery:
    """Moves the rows of dead processes on, by the same guarded updates as every other transition."""

    def __init__(self, instances: InstanceStore, writer: Writer, clock: Clock) -> None:
        self._instances = instances
        self._writer = writer
        self._clock = clock

    def recover(self, owner: str, may_rerun: dict[tuple[int, int], int]) -> tuple[int, int]:
        """Deal with RUNNING rows of processes that are gone: all whose owner is not `owner`.

        `may_rerun` maps (task id, version) to the attempts allowed, for the tasks that may run again after a crash.
        Called instances never do: nobody but their callers claims them. Returns how many went back to WAITING and how
        many ended as TERMINATED, reason lost.
        """
        return self._writer.write(lambda connection: self._recover(connection, owner, may_rerun))

    def _recover(
        self, connection: sqlite3.Connection, owner: str, may_rerun: dict[tuple[int, int], int]
    ) -> tuple[int, int]:
        fail_point("recovery.begun")
        rows = connection.execute(
            "SELECT id, task_id, version, attempt, terminate_reason, parent_uid FROM instance "
            "WHERE state = 'RUNNING' AND owner <> ?",
            (owner,),
        ).fetchall()
        self._end_orphans(connection, owner)
        back = 0
        for instance_id, task_id, version, attempt, terminate_reason, parent_uid in rows:
            is_wanted = terminate_reason is None and parent_uid is None  # a caller that runs again calls anew
            again = is_wanted and attempt < may_rerun.get((task_id, version), 0)
            if again and self._instances.back_to_waiting(
                connection, instance_id, attempt, self._clock(), "the process that ran it is gone; it runs again"
            ):
                back += 1
            else:
                self._lose(connection, instance_id, attempt, terminate_reason)
                self._instances.outbox.ended(connection, instance_id, task_id, version)
            fail_point("recovery.inside")
        return back, len(rows) - back

    def _lose(
        self, connection: sqlite3.Connection, instance_id: int, attempt: int, terminate_reason: str | None
    ) -> None:
        now = self._clock()
        reason = terminate_reason or Reason.LOST
        message = "the process that ran it is gone; what it had committed stays"
        connection.execute(
            "UPDATE instance SET state = 'TERMINATED', reason = ?, message = ?, finished_at = ?, modified_at = ?, "
            "owner = NULL WHERE id = ? AND state = 'RUNNING' AND attempt = ?",
            (reason, message, now, now, instance_id, attempt),
        )
        connection.execute(
            "UPDATE node_run SET state = 'TERMINATED', finished_at = ?, error = ? "
            "WHERE instance_id = ? AND state = 'RUNNING'",
            (now, message, instance_id),
        )
        connection.execute(sql.EVENT, (instance_id, State.RUNNING, State.TERMINATED, now, attempt, reason, message))

    def _end_orphans(self, connection: sqlite3.Connection, owner: str) -> None:
        """End waiting instances that were called by a run of a dead process: nobody else claims them."""
        rows = connection.execute(
            "SELECT id FROM instance WHERE state = 'WAITING' AND parent_uid IN "
            "(SELECT p.uid FROM instance p WHERE p.state <> 'RUNNING' OR p.owner <> ?)",
            (owner,),
        ).fetchall()
        for (instance_id,) in rows:
            self._instances.end_waiting(connection, instance_id, Reason.LOST, "the run that called it is gone")
