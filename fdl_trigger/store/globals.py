"""Global parameters: values every task may refer to; kept encrypted, secret or not."""

import json
import sqlite3

from ..domain.audit import AuditEntry
from ..domain.clock import Clock
from ..domain.parameters import Parameter, ParameterType
from .audit import audited
from .changes import changed
from .database import StoreDatabase
from .vault import Vault
from .writer import Writer


class GlobalStore:
    """Keeps global parameters; a change is durable when the call returns."""

    def __init__(self, database: StoreDatabase, writer: Writer, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._writer = writer
        self._vault = vault
        self._clock = clock

    def all(self) -> list[Parameter]:
        """Return every global parameter in clear, by name."""
        rows = self._database.read("SELECT name, type, value FROM global_parameter ORDER BY name")
        return [
            Parameter(name, ParameterType(kind), json.loads(self._vault.decrypt(bytes(value), _context(name))))
            for name, kind, value in rows
        ]

    def save(self, parameter: Parameter, entry: AuditEntry) -> None:
        """Insert or replace a global parameter."""
        value = self._vault.encrypt(json.dumps(parameter.value, ensure_ascii=False), _context(parameter.name))

        def work(connection: sqlite3.Connection) -> None:
            changed(connection)
            connection.execute(
                "INSERT OR REPLACE INTO global_parameter (name, type, value) VALUES (?, ?, ?)",
                (parameter.name, parameter.type, value),
            )

        self._writer.write(audited(work, entry, self._clock))

    def delete(self, name: str, entry: AuditEntry) -> bool:
        """Delete a global parameter; return whether there was one."""

        def work(connection: sqlite3.Connection) -> bool:
            changed(connection)
            return connection.execute("DELETE FROM global_parameter WHERE name = ?", (name,)).rowcount == 1

        return self._writer.write(audited(work, entry, self._clock))


def _context(name: str) -> str:
    return f"global parameter {name}"
