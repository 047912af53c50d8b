"""Named connections, encrypted as a whole."""

import sqlite3

from ..domain.audit import AuditEntry
from ..domain.clock import Clock
from ..domain.records import Connection
from .audit import audited
from .changes import changed
from .database import StoreDatabase
from .models import ConnectionModel
from .vault import Vault
from .writer import Writer


class ConnectionStore:
    """Keeps connections; a change is durable when the call returns."""

    def __init__(self, database: StoreDatabase, writer: Writer, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._writer = writer
        self._vault = vault
        self._clock = clock

    def all(self) -> list[Connection]:
        """Return every connection, by name."""
        rows = ConnectionModel.select().order_by(ConnectionModel.name).execute(self._database)
        return [
            Connection(row.name, row.kind, self._vault.decrypt_settings(bytes(row.settings), _context(row.name)))
            for row in rows
        ]

    def save(self, connection: Connection, entry: AuditEntry) -> None:
        """Insert or replace the connection of this name."""
        settings = self._vault.encrypt_settings(connection.settings, _context(connection.name))

        def work(raw: sqlite3.Connection) -> None:
            changed(raw)
            values = {"kind": connection.kind, "settings": settings}
            if (
                not ConnectionModel.update(**values)
                .where(ConnectionModel.name == connection.name)
                .execute(self._database)
            ):
                ConnectionModel.insert(name=connection.name, **values).execute(self._database)

        self._writer.write(audited(work, entry, self._clock))

    def delete(self, name: str, entry: AuditEntry) -> bool:
        """Delete the connection; return whether there was one."""

        def work(raw: sqlite3.Connection) -> bool:
            changed(raw)
            return bool(ConnectionModel.delete().where(ConnectionModel.name == name).execute(self._database))

        return self._writer.write(audited(work, entry, self._clock))


def _context(name: str) -> str:
    return f"connection {name}"
