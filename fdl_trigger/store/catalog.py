"""What every request needs at hand: tasks, connections, applications and users in memory, read anew after a change."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ..domain.applications import Application
from ..domain.definition import Definition
from ..domain.parameters import Parameter
from ..domain.records import Connection, Task
from ..domain.users import User
from .applications import ApplicationStore
from .changes import current_version
from .connections import ConnectionStore
from .database import StoreDatabase
from .globals import GlobalStore
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
    globals: tuple[Parameter, ...]


class Kept(Protocol):
    """What the catalog is read from; the store as a whole is one."""

    database: StoreDatabase
    tasks: TaskStore
    connections: ConnectionStore
    applications: ApplicationStore
    users: UserStore
    tokens: TokenStore
    globals: GlobalStore


class Catalog:
    """Hands out the current snapshot; changes of other processes are seen too, by the version in the store."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._definitions: dict[tuple[int, int], Definition] = {}

    def current(self) -> Snapshot:
        """Return the snapshot of the current version."""
        version = current_version(self._kept.database)
        snapshot = self._snapshot
        if snapshot is not None and snapshot.version == version:
            return snapshot
        with self._lock:
            if self._snapshot is None or self._snapshot.version != version:
                self._snapshot = self._read(version)
            return self._snapshot

    def _read(self, version: int) -> Snapshot:
        kept = self._kept
        tasks = kept.tasks.all()
        return Snapshot(
            version=version,
            tasks_by_uid={task.uid: task for task in tasks},
            tasks_by_name={task.name: task for task in tasks},
            connections={connection.name: connection for connection in kept.connections.all()},
            applications={application.client_id: application for application in kept.applications.all()},
            users={user.name: user for user in kept.users.all()},
            revoked_tokens=kept.tokens.revoked(),
            globals=tuple(kept.globals.all()),
        )

    def definition(self, task_id: int, version: int) -> Definition:
        """Return a published definition; raises DefinitionInvalid when it can no longer be read."""
        key = (task_id, version)
        definition = self._definitions.get(key)
        if definition is None:
            definition = Definition.parse(self._kept.tasks.document(task_id, version) or {})
            if len(self._definitions) >= MAX_DEFINITIONS:
                self._definitions.clear()
            self._definitions[key] = definition
        return definition
