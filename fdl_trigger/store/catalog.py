"""What every request needs at hand: tasks, connections, applications and users in memory, read anew after a change."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ..domain.applications import Application
from ..domain.clock import Clock
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
from .writer import Writer

MAX_DEFINITIONS = 4096
FRESH_MS = 200  # how late a change made by another process may be seen


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


@dataclass(frozen=True, slots=True)
class _Look:
    """A snapshot, when the store was last asked for its version, and how many own changes there had been."""

    snapshot: Snapshot
    at: int
    own_changes: int


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
    """Hands out the current snapshot without asking the store each time.

    Changes of this process are seen at once, by the writer's count; those of another one within FRESH_MS, by the
    version in the store.
    """

    def __init__(self, kept: Kept, writer: Writer, clock: Clock) -> None:
        self._kept = kept
        self._writer = writer
        self._clock = clock
        self._lock = threading.Lock()
        self._last: _Look | None = None
        self._definitions: dict[tuple[int, int], Definition] = {}

    def current(self) -> Snapshot:
        """Return the current snapshot."""
        last = self._last
        if last is not None and self._is_fresh(last):
            return last.snapshot
        with self._lock:
            last = self._last
            if last is None or not self._is_fresh(last):
                self._last = last = self._look(last)
            return last.snapshot

    def _is_fresh(self, last: _Look) -> bool:
        return last.own_changes == self._writer.catalog_changes and 0 <= self._clock() - last.at < FRESH_MS

    def _look(self, last: _Look | None) -> _Look:
        own_changes, at = self._writer.catalog_changes, self._clock()  # first: a change meanwhile makes this one stale
        version = current_version(self._kept.database)
        snapshot = last.snapshot if last is not None and last.snapshot.version == version else self._read(version)
        return _Look(snapshot, at, own_changes)

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
