"""Named connections."""

import builtins
import re

from marshmallow import ValidationError

from ..domain.definition import flatten, invalid
from ..domain.errors import DefinitionInvalid
from ..domain.operations import Operation
from ..domain.records import LOCAL, Connection, Principal
from ..nodes.connection_schemas import CONNECTION_SCHEMAS, load_settings
from ..store.store import Store
from .permissions import require_everywhere

_NAME = re.compile(r"[^\W\d][\w.-]{0,63}")


class ConnectionService:
    """The use cases around connections."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def check(self, connection: Connection) -> None:
        """Raise DefinitionInvalid with every mistake of a connection."""
        problems = []
        if not _NAME.fullmatch(connection.name):
            problems.append(("name", "take a letter, then letters, digits, '_', '-' or '.', 64 characters at most"))
        if connection.kind in CONNECTION_SCHEMAS:
            problems += _problems_of_settings(connection)
        else:
            problems.append(("kind", f"'{connection.kind}' is not one of {', '.join(CONNECTION_SCHEMAS)}"))
        if problems:
            raise invalid(problems)

    def save(self, connection: Connection, principal: Principal = LOCAL) -> None:
        """Insert or replace a connection; raises PermissionDenied, DefinitionInvalid."""
        require_everywhere(principal, Operation.MANAGE_TASKS)
        self.check(connection)
        self._store.connections.save(connection, principal.did("connection.save", connection.name))

    def get(self, name: str) -> Connection:
        """Return a connection, secrets included; raises DefinitionInvalid when there is none."""
        connection = self._store.catalog.current().connections.get(name)
        if connection is None:
            raise DefinitionInvalid(f"There is no connection '{name}'.", problems=[("connection", "unknown")])
        return connection

    def list(self) -> builtins.list[Connection]:
        """Return every connection, secrets included, by name."""
        return list(self._store.catalog.current().connections.values())

    def delete(self, name: str, principal: Principal = LOCAL) -> None:
        """Delete a connection; raises PermissionDenied, DefinitionInvalid when there is none."""
        require_everywhere(principal, Operation.MANAGE_TASKS)
        self.get(name)
        self._store.connections.delete(name, principal.did("connection.delete", name))


def _problems_of_settings(connection: Connection) -> builtins.list[tuple[str, str]]:
    try:
        load_settings(connection.kind, connection.settings)
    except ValidationError as error:
        return flatten(error.messages)
    return []
