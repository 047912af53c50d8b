"""What dialects keep of their own: namespaces, and failed instances somebody marked as good enough."""

import sqlite3
from collections.abc import Iterable

from ..domain.audit import AuditEntry
from ..domain.clock import Clock
from ..domain.exposure import Namespace
from .audit import audited
from .database import StoreDatabase
from .writer import Writer


class ExposureStore:
    """Keeps namespaces and marks; a change is durable when the call returns."""

    def __init__(self, database: StoreDatabase, writer: Writer, clock: Clock) -> None:
        self._database = database
        self._writer = writer
        self._clock = clock

    def namespaces(self) -> list[Namespace]:
        """Return the namespaces, oldest first."""
        rows = self._database.read("SELECT uid, name, description FROM namespace ORDER BY created_at, uid")
        return [Namespace(*row) for row in rows]

    def add_namespace(self, namespace: Namespace, entry: AuditEntry) -> bool:
        """Add a namespace; return whether its uid was free."""

        def work(connection: sqlite3.Connection) -> bool:
            added = connection.execute(
                "INSERT INTO namespace (uid, name, description, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (namespace.uid, namespace.name, namespace.description, self._clock()),
            )
            return added.rowcount == 1

        return self._writer.write(audited(work, entry, self._clock))

    def uid_of(self, instance_id: int) -> str | None:
        """Return the uid of the instance with a number, or None."""
        rows = self._database.read("SELECT uid FROM instance WHERE id = ?", (instance_id,))
        return str(rows[0][0]) if rows else None

    def mark(self, instance_id: int, entry: AuditEntry) -> None:
        """Mark an instance as good enough; a second mark changes nothing."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO instance_mark (instance_id, marked_by, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (instance_id, entry.actor, self._clock()),
            )

        self._writer.write(audited(work, entry, self._clock))

    def marked(self, instance_ids: Iterable[int]) -> frozenset[int]:
        """Return those of the instances that are marked."""
        ids = tuple(instance_ids)
        marks = ", ".join("?" * len(ids))
        rows = self._database.read(f"SELECT instance_id FROM instance_mark WHERE instance_id IN ({marks})", ids)
        return frozenset(row[0] for row in rows)
