"""What every request needs at hand: tasks, connections, applications and users in memory, read anew after a change."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from ..domain.definition import Definition
from ..domain.records import Application, Connection, Task
from ..domain.users import User
from .applications import ApplicationStore
from .changes import current_version
from .connections import ConnectionStore
from .database import StoreDatabase
from .tasks import TaskStore
from .tokens import TokenStore
from .users import UserStore

MAX_DEFINITIONS = 4096


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The catalog as it was at one version."""

    version: int
    tasks_by_uid: Mapping[str, Task]
    tasks_by_name: Mapping[str, Task]
    connections: Mapping[str, Connection]
    applications: Mapping[str, Application]
    users: Mapping[str, User]
    revoked_tokens: frozenset[str]


class Catalog:
    """Hands out the current snapshot; changes of other processes are seen too, by the version in the store."""

    def __init__(
        self,
        database: StoreDatabase,
        tasks: TaskStore,
        connections: ConnectionStore,
        applications: ApplicationStore,
        users: UserStore,
        tokens: TokenStore,
    ) -> None:
        self._database = database
        self._tasks = tasks
        self._connections = connections
        self._applications = applications
        self._users = users
        self._tokens = tokens
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._definitions: dict[tuple[int, int], Definition] = {}

    def current(self) -> Snapshot:
        """Return the snapshot of the current version."""
        version = current_version(self._database)
        snapshot = self._snapshot
        if snapshot is not None and snapshot.version == version:
            return snapshot
        with self._lock:
            if self._snapshot is None or self._snapshot.version != version:
                self._snapshot = self._read(version)
            return self._snapshot

    def _read(self, version: int) -> Snapshot:
        tasks = self._tasks.all()
        return Snapshot(
            version=version,
            tasks_by_uid={task.uid: task for task in tasks},
            tasks_by_name={task.name: task for task in tasks},
            connections={connection.name: connection for connection in self._connections.all()},
            applications={application.client_id: application for application in self._applications.all()},
            users={user.name: user for user in self._users.all()},
            revoked_tokens=self._tokens.revoked(),
        )

    def definition(self, task_id: int, version: int) -> Definition:
        """Return a published definition; raises DefinitionInvalid when it can no longer be read."""
        key = (task_id, version)
        definition = self._definitions.get(key)
        if definition is None:
            definition = Definition.parse(self._tasks.document(task_id, version) or {})
            if len(self._definitions) >= MAX_DEFINITIONS:
                self._definitions.clear()
            self._definitions[key] = definition
        return definition
