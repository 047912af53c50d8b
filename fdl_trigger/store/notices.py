"""Deliveries of notices: what is due, what became of it, and the log of every try."""

import json
import sqlite3
from typing import Any

from ..domain.audit import AuditEntry
from ..domain.clock import Clock
from ..domain.notices import Delivery, DeliveryStatus, Occasion, Try
from .audit import audited
from .database import StoreDatabase
from .writer import Writer

_SELECT = """
SELECT d.id, n.uid, t.name, n.instance_uid, n.occasion, n.at, d.channel, d.status, d.tries, d.due_at, n.document,
       l.at, l.ms, l.status, l.error
FROM notice_delivery d JOIN notice n ON n.id = d.notice_id JOIN task t ON t.id = n.task_id
LEFT JOIN notice_try l ON l.id = (SELECT max(id) FROM notice_try WHERE delivery_id = d.id)
"""
_PURGE = """
DELETE FROM notice WHERE id IN (
    SELECT n.id FROM notice n WHERE n.at < ? AND NOT EXISTS (
        SELECT 1 FROM notice_delivery d WHERE d.notice_id = n.id AND d.status = 'PENDING'
    ) LIMIT ?
)
"""


class NoticeStore:
    """Keeps deliveries; every change is durable when the call returns."""

    def __init__(self, database: StoreDatabase, writer: Writer, clock: Clock) -> None:
        self._database = database
        self._writer = writer
        self._clock = clock

    def due_channels(self, now: int) -> list[str]:
        """Return the channels that something is due on, the longest due first."""
        rows = self._database.read(
            "SELECT channel FROM notice_delivery WHERE status = 'PENDING' AND due_at <= ? "
            "GROUP BY channel ORDER BY min(due_at)",
            (now,),
        )
        return [row[0] for row in rows]

    def next_due(self, channel: str, now: int) -> Delivery | None:
        """Return the delivery that has been due longest on a channel."""
        found = self._read(
            "WHERE d.status = 'PENDING' AND d.channel = ? AND d.due_at <= ? ORDER BY d.due_at, d.id LIMIT 1",
            channel,
            now,
        )
        return found[0] if found else None

    def newest(self, limit: int, task_id: int | None = None) -> list[Delivery]:
        """Return deliveries, newest first, of one task or of all."""
        if task_id is None:
            return self._read("ORDER BY d.id DESC LIMIT ?", limit)
        return self._read("WHERE n.task_id = ? ORDER BY d.id DESC LIMIT ?", task_id, limit)

    def get(self, delivery_id: int) -> Delivery | None:
        """Return a delivery, or None."""
        found = self._read("WHERE d.id = ?", delivery_id)
        return found[0] if found else None

    def tries(self, delivery_id: int) -> list[Try]:
        """Return every try of a delivery, oldest first."""
        rows = self._database.read(
            "SELECT at, ms, status, error FROM notice_try WHERE delivery_id = ? ORDER BY id", (delivery_id,)
        )
        return [Try(*row) for row in rows]

    def keep(self, delivery_id: int, one: Try, status: DeliveryStatus, due_at: int) -> None:
        """Log a try, and what becomes of the delivery: if it stays PENDING, it is due again at `due_at`."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO notice_try (delivery_id, at, ms, status, error) VALUES (?, ?, ?, ?, ?)",
                (delivery_id, one.at, one.ms, one.status, one.error),
            )
            connection.execute(
                "UPDATE notice_delivery SET status = ?, tries = tries + 1, due_at = ? WHERE id = ?",
                (status, due_at, delivery_id),
            )

        self._writer.write(work)

    def retry(self, delivery_id: int, entry: AuditEntry) -> bool:
        """Make a delivery due now, with all its tries before it; False when there is no such delivery."""

        def work(connection: sqlite3.Connection) -> bool:
            cursor = connection.execute(
                "UPDATE notice_delivery SET status = 'PENDING', tries = 0, due_at = ? WHERE id = ?",
                (self._clock(), delivery_id),
            )
            return cursor.rowcount == 1

        return self._writer.write(audited(work, entry, self._clock))

    def purge(self, before: int, limit: int = 500) -> int:
        """Forget a batch of notices older than `before` of which nothing is pending; return how many."""
        return self._writer.write(lambda connection: connection.execute(_PURGE, (before, limit)).rowcount)

    def _read(self, clause: str, *values: object) -> list[Delivery]:
        return [_delivery(row) for row in self._database.read(_SELECT + clause, values)]


def _delivery(row: tuple[Any, ...]) -> Delivery:
    return Delivery(
        id=row[0],
        notice_uid=row[1],
        task_name=row[2],
        instance_uid=row[3],
        occasion=Occasion(row[4]),
        at=row[5],
        channel=row[6],
        status=DeliveryStatus(row[7]),
        tries=row[8],
        due_at=row[9],
        document=json.loads(row[10]),
        last=None if row[11] is None else Try(*row[11:15]),
    )
