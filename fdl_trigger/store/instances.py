"""The state machine. Each transition is a verb: one guarded UPDATE that returns whether it took place.

No other code changes the state of an instance; docs/state-machine.md draws the picture. Endings guard on the id,
on state RUNNING and on the attempt, so that an attempt that was given up can no longer settle the instance.
"""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import astuple, replace
from typing import Any

from ..domain.audit import AuditEntry
from ..domain.clock import Clock
from ..domain.creation import Backfill, Claim, Created, NewInstance
from ..domain.errors import AlreadyRunning, QueueFull
from ..domain.flow import Extent, Portion
from ..domain.ids import new_id
from ..domain.records import Counts
from ..domain.states import Overlap, Reason, State
from ..failpoints import fail_point
from . import statements as sql
from .audit import append
from .journal import JournalEntries, write_entries
from .occupancy import Occupancy
from .outbox import Outbox
from .repeats import find_repeated, forget_keys, keep_key
from .signals import Signals
from .writer import Writer


class InstanceStore:
    """Creates instances and moves them from state to state; every verb is durable when it returns."""

    def __init__(self, writer: Writer, clock: Clock, signals: Signals, outbox: Outbox, queue_limit: int) -> None:
        self._writer = writer
        self._clock = clock
        self._signals = signals
        self.outbox = outbox
        self._queue_limit = queue_limit
        self._occupancy = Occupancy()

    def create(self, new: NewInstance, entry: AuditEntry) -> Created:
        """Add a waiting instance, with its audit entry, and return what identifies it; or the one it repeats.

        Raises IdempotencyConflict when its key was used for another request, AlreadyRunning when the overlap policy is
        to skip and one is waiting or running, QueueFull when the queue is at its limit, sqlite3.IntegrityError when
        the task has used the dedupe key before.
        """
        uid = str(new_id())
        created = self._writer.write(lambda connection: self.create_within(connection, new, uid, entry))
        if new.overlap is Overlap.REPLACE:
            self._signals.stop()
        elif self._occupancy.has_room(new.task_id, new.overlap_limit):  # else the next ending wakes the dispatcher
            self._signals.work.set()
        return created

    def create_backfill(self, backfill: Backfill, news: list[NewInstance], entry: AuditEntry) -> None:
        """Add a backfill with all its instances, or nothing; raises as `create` does."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(sql.INSERT_BACKFILL, astuple(backfill))
            for new in news:
                self.create_within(connection, new, str(new_id()), entry)

        self._writer.write(work)
        self._signals.stop()

    def create_within(self, connection: sqlite3.Connection, new: NewInstance, uid: str, entry: AuditEntry) -> Created:
        """Do what `create` does, inside the current transaction; raises before anything is written."""
        now = self._clock()
        params = json.dumps(dict(new.params), ensure_ascii=False) if new.params else "{}"
        repeated = find_repeated(connection, new, params, now)
        if repeated is not None:
            details = {**entry.details, "recordId": repeated.uid, "repeats": repeated.why}
            append(connection, replace(entry, details=details), now)
            return repeated
        if (waiting := self._occupancy.waiting) >= self._queue_limit:
            raise QueueFull(f"{waiting} instances are waiting, the limit is {self._queue_limit}. Try later.")
        if new.overlap in (Overlap.SKIP, Overlap.REPLACE):
            self._make_way(connection, new, now)
        once = new.once
        debounce_ms = once.policy.debounce_ms if once else 0
        cursor = connection.execute(
            sql.INSERT,
            (
                uid,
                new.task_id,
                new.version,
                new.priority,
                new.overlap_limit,
                new.trigger,
                new.trigger_by,
                new.application_id,
                new.dedupe_key,
                params,
                now,
                now + debounce_ms if new.due_at is None else new.due_at,
                now,
                new.source_uid,
                new.portion.extent,
                new.portion.node_id,
                new.service_date,
                new.parent_uid,
                new.backfill_uid,
                once.fingerprint if once else None,
                debounce_ms > 0,
            ),
        )
        instance_id = cursor.lastrowid
        assert instance_id is not None  # noqa: S101 - an INSERT always has one; tells the type checker
        connection.execute(sql.EVENT, (instance_id, None, State.WAITING, now, 0, None, None))
        append(connection, replace(entry, details={**entry.details, "recordId": uid}), now)
        if new.restore is not None:
            rows = [(instance_id, new.restore.instance_id, node_id) for node_id in new.restore.node_ids]
            connection.executemany(sql.RESTORE_NODE, rows)
        created = Created(instance_id, uid, now)
        keep_key(connection, once, created)
        self._occupancy.waiting += 1
        return created

    def _make_way(self, connection: sqlite3.Connection, new: NewInstance, now: int) -> None:
        rows = connection.execute(
            "SELECT id, uid FROM instance WHERE task_id = ? AND state IN ('WAITING', 'RUNNING')", (new.task_id,)
        ).fetchall()
        if new.overlap is Overlap.SKIP and rows:
            uid = rows[0][1]
            raise AlreadyRunning(f"The task already runs as {uid}; its policy is to skip further triggers.", uid=uid)
        for instance_id, _ in rows:
            self._request_end(connection, instance_id, Reason.REPLACED, "replaced by a newer trigger", now)

    def claim_due(self, limit: int, owner: str) -> list[Claim]:
        """Claim up to `limit` due instances for `owner`: by priority, then arrival, as the overlap policies allow."""
        claims = self._claim(sql.CLAIM, {"limit": limit, "owner": owner})
        return sorted(claims, key=lambda claim: (claim.priority, claim.id))

    def claim_one(self, instance_id: int, owner: str) -> Claim | None:
        """Claim one waiting instance out of turn, if its task has room for it."""
        claims = self._claim(sql.CLAIM_ONE, {"id": instance_id, "owner": owner})
        return claims[0] if claims else None

    def _claim(self, statement: str, values: dict[str, Any]) -> list[Claim]:
        return self._writer.write(lambda connection: self._claim_in(connection, statement, values))

    def _claim_in(self, connection: sqlite3.Connection, statement: str, values: dict[str, Any]) -> list[Claim]:
        now = self._clock()
        rows = connection.execute(statement, {**values, "now": now}).fetchall()
        claims = [
            Claim(
                id=row[0],
                uid=row[1],
                task_id=row[2],
                version=row[3],
                attempt=row[4],
                priority=row[5],
                params=json.loads(row[6]),
                created_at=row[7],
                started_at=row[8],
                portion=Portion(Extent(row[9]), row[10]),
                service_date=row[11],
                source_uid=row[12],
            )
            for row in rows
        ]
        if claims:
            fail_point("claim.inside")
        connection.executemany(
            sql.EVENT, [(claim.id, State.WAITING, State.RUNNING, now, claim.attempt, None, None) for claim in claims]
        )
        self._occupancy.claimed(claim.task_id for claim in claims)
        return claims

    def succeed(self, claim: Claim, counts: Counts, entries: JournalEntries) -> bool:
        """RUNNING to SUCCEEDED; False when this attempt no longer owns the instance or a stop was requested."""
        return self._end(claim, State.SUCCEEDED, None, None, counts, entries)

    def fail(self, claim: Claim, reason: Reason, message: str, counts: Counts, entries: JournalEntries) -> bool:
        """RUNNING to FAILED; False when this attempt no longer owns the instance or a stop was requested."""
        return self._end(claim, State.FAILED, reason, message, counts, entries)

    def terminate(self, claim: Claim, reason: Reason, message: str, counts: Counts, entries: JournalEntries) -> bool:
        """RUNNING to TERMINATED; False when this attempt no longer owns the instance."""
        return self._end(claim, State.TERMINATED, reason, message, counts, entries)

    def _end(
        self,
        claim: Claim,
        new: State,
        reason: Reason | None,
        message: str | None,
        counts: Counts,
        entries: JournalEntries,
    ) -> bool:
        statement = sql.END if new is State.TERMINATED else sql.END + sql.UNLESS_STOPPING

        def end(connection: sqlite3.Connection) -> bool:
            now = self._clock()
            values = {**sql.columns(counts), "new": new, "reason": reason, "message": message, "now": now}
            cursor = connection.execute(statement, {**values, "id": claim.id, "attempt": claim.attempt})
            if cursor.rowcount != 1:
                return False
            self._occupancy.left(claim.task_id)
            connection.execute(sql.EVENT, (claim.id, State.RUNNING, new, now, claim.attempt, reason, message))
            write_entries(connection, claim.id, entries)
            self.outbox.ended(connection, claim.id, claim.task_id, claim.version)
            return True

        ended = self._writer.write(end)
        if ended:
            self._signals.endings.announce(claim.id)
            self._signals.work.set()
        return ended

    def progress(self, claim: Claim, counts: Counts, entries: JournalEntries) -> None:
        """Keep the totals and journal of a run so far; nobody waits for it, and a lost attempt changes nothing."""

        self._writer.post(lambda connection: self._keep(connection, claim, counts, entries))

    def keep(self, claim: Claim, counts: Counts, entries: JournalEntries) -> bool:
        """The same, durable when it returns; False when this attempt no longer owns the instance."""
        return self._writer.write(lambda connection: self._keep(connection, claim, counts, entries))

    def _keep(self, connection: sqlite3.Connection, claim: Claim, counts: Counts, entries: JournalEntries) -> bool:
        values = {**sql.columns(counts), "now": self._clock(), "id": claim.id, "attempt": claim.attempt}
        if connection.execute(sql.PROGRESS, values).rowcount != 1:
            return False
        write_entries(connection, claim.id, entries)
        return True

    def retry_later(self, claim: Claim, due_at: int, message: str) -> bool:
        """RUNNING back to WAITING, to be claimed again at `due_at`; False when this attempt no longer owns it."""

        def back(connection: sqlite3.Connection) -> bool:
            if not self.back_to_waiting(connection, claim.id, claim.attempt, due_at, message):
                return False
            self._occupancy.left(claim.task_id)
            return True

        done = self._writer.write(back)
        if done:
            self._signals.work.set()
        return done

    def back_to_waiting(
        self, connection: sqlite3.Connection, instance_id: int, attempt: int, due_at: int, message: str
    ) -> bool:
        """The transition of `retry_later`, inside the current transaction."""
        now = self._clock()
        if connection.execute(sql.BACK_TO_WAITING, (due_at, now, instance_id, attempt)).rowcount != 1:
            return False
        connection.execute(sql.EVENT, (instance_id, State.RUNNING, State.WAITING, now, attempt, None, message))
        self._occupancy.waiting += 1
        return True

    def request_end(self, instance_ids: Iterable[int], reason: Reason, message: str, entry: AuditEntry) -> list[int]:
        """End waiting instances at once and ask running ones to stop; return the ids this call stopped."""
        ids = list(instance_ids)

        def request(connection: sqlite3.Connection) -> list[int]:
            now = self._clock()
            stopped = [one for one in ids if self._request_end(connection, one, reason, message, now)]
            if stopped:
                append(connection, entry, now)
            return stopped

        stopped = self._writer.write(request)
        for instance_id in stopped:
            self._signals.endings.announce(instance_id)
        self._signals.stop()
        return stopped

    def _request_end(
        self, connection: sqlite3.Connection, instance_id: int, reason: Reason, message: str, now: int
    ) -> bool:
        if self.end_waiting(connection, instance_id, reason, message):
            return True
        return connection.execute(sql.REQUEST_STOP, (now, reason, message, now, instance_id)).rowcount == 1

    def end_waiting(self, connection: sqlite3.Connection, instance_id: int, reason: Reason, message: str) -> bool:
        """WAITING to TERMINATED, inside the current transaction."""
        now = self._clock()
        ended = connection.execute(sql.END_WAITING, (reason, message, now, now, now, instance_id)).fetchall()
        if not ended:
            return False
        event = (instance_id, State.WAITING, State.TERMINATED, now, ended[0][0], reason, message)
        connection.execute(sql.EVENT, event)
        self._occupancy.waiting -= 1
        return True

    def recount(self) -> int:
        """Count the waiting instances anew (another process may have added some) and return how many there are.

        Forgets expired idempotency keys on the way.
        """

        def count(connection: sqlite3.Connection) -> int:
            forget_keys(connection, self._clock())
            return self._occupancy.recount(connection)

        return self._writer.write(count)
