"""The records that cross rooms: immutable values read from the store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from .audit import AuditEntry
from .operations import Operation
from .states import Reason, State, Trigger


@dataclass(frozen=True, slots=True)
class Counts:
    """How much a node or an instance has moved, in rows (pages: requests to a paged source)."""

    pages: int = 0
    read: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    skipped: int = 0
    dirty: int = 0

    @property
    def written(self) -> int:
        """Rows that changed the target."""
        return self.inserted + self.updated + self.deleted

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.pages + other.pages,
            self.read + other.read,
            self.inserted + other.inserted,
            self.updated + other.updated,
            self.deleted + other.deleted,
            self.skipped + other.skipped,
            self.dirty + other.dirty,
        )


@dataclass(frozen=True, slots=True)
class Task:
    """Something that can be run: a draft to edit and, once published, the snapshot that runs.

    `draft` and `published` are definition documents; `version` counts publications. Times are UTC epoch milliseconds.
    """

    id: int
    uid: str
    name: str
    folder: str
    description: str
    enabled: bool
    version: int | None
    draft: Mapping[str, Any]
    published: Mapping[str, Any] | None
    created_at: int
    updated_at: int
    published_at: int | None


@dataclass(frozen=True, slots=True)
class Instance:
    """One run of a task. Times are UTC epoch milliseconds."""

    id: int
    uid: str
    task_id: int
    task_uid: str
    task_name: str
    version: int
    state: State
    reason: Reason | None
    message: str | None
    attempt: int
    priority: int
    trigger: Trigger
    trigger_by: str
    params: Mapping[str, Any]
    created_at: int
    due_at: int
    started_at: int | None
    finished_at: int | None
    modified_at: int
    terminate_requested_at: int | None
    source_uid: str | None
    counts: Counts
    is_latest: bool
    service_date: int | None = None
    dedupe_key: str | None = None

    @property
    def apparent_state(self) -> State:
        """The state callers are told: a run whose stop was requested already reads as terminated."""
        if self.state is State.RUNNING and self.terminate_requested_at is not None:
            return State.TERMINATED
        return self.state


@dataclass(frozen=True, slots=True)
class NodeRun:
    """One node of one instance, its last attempt. Times are UTC epoch milliseconds.

    `outputs` is what the node left for others: `values` assigned to parameters, the nodes it has `chosen`, and the
    `attempts` of its call.
    """

    node_id: str
    name: str
    state: State
    attempt: int
    started_at: int | None
    finished_at: int | None
    counts: Counts
    error: str | None
    outputs: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One transition of an instance."""

    old: State | None
    new: State
    at: int
    attempt: int
    reason: Reason | None
    message: str | None


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of an instance's run log."""

    seq: int
    at: int
    node: str
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class DirtyRow:
    """A source row that was not written, and why."""

    node_id: str
    kind: str
    reason: str
    row: str
    at: int


def folder_path(text: str) -> str:
    """Return a folder in one spelling: "/a/b" with single slashes and none at the end; the root is "/"."""
    return "/" + "/".join(part for part in text.split("/") if part)


def lies_in(folder: str, outer: str) -> bool:
    """Tell whether a folder is `outer` or one of its subfolders."""
    inside = folder_path(folder)
    limit = folder_path(outer)
    return limit == "/" or inside == limit or inside.startswith(f"{limit}/")


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to use an operation: on one task, on the tasks of a folder and its subfolders, or (both None) on all."""

    operation: Operation
    task_id: int | None = None
    folder: str | None = None

    @property
    def is_limited(self) -> bool:
        """Whether the grant holds for some tasks only."""
        return self.task_id is not None or self.folder is not None

    def covers(self, task_id: int, folder: str | None) -> bool:
        """Tell whether the grant holds for a task; `folder` is where it lies (None: nowhere any more)."""
        if self.task_id is not None:
            return self.task_id == task_id
        return self.folder is None or (folder is not None and lies_in(folder, self.folder))


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking, as far as `core` needs to know; `address` and `request_id` are for the audit log."""

    name: str
    grants: tuple[Grant, ...] = ()
    application_id: int | None = None
    is_local: bool = False
    address: str = ""
    request_id: str = ""

    def may(self, operation: Operation, task_id: int | None = None, folder: str | None = None) -> bool:
        """Tell whether the operation is granted: at all when no task is given, otherwise on that task.

        `folder` is the task's own; without it a grant that is limited to folders does not hold.
        """
        if self.is_local:
            return True
        return any(
            grant.operation is operation and (task_id is None or grant.covers(task_id, folder)) for grant in self.grants
        )

    def may_everywhere(self, operation: Operation) -> bool:
        """Tell whether the operation is granted without a limit to tasks or folders."""
        return self.is_local or any(grant.operation is operation and not grant.is_limited for grant in self.grants)

    def did(self, action: str, target: str, **details: Any) -> AuditEntry:
        """Return the audit entry of something this caller did."""
        return AuditEntry(self.name, action, target, address=self.address, request_id=self.request_id, details=details)


LOCAL = Principal("local", is_local=True)


@dataclass(frozen=True, slots=True)
class Connection:
    """A named target or source database. `settings` holds what its kind needs (sqlite: `path`)."""

    name: str
    kind: str
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class InstanceFilter:
    """Which instances to list. Times are UTC epoch milliseconds on `created_at`, both ends inclusive.

    `outcomes` holds (state, reasons) pairs; reasons None means any reason; an empty tuple matches
    nothing. States are apparent states.
    """

    task_id: int | None = None
    outcomes: tuple[tuple[State, frozenset[Reason] | None], ...] | None = None
    triggers: frozenset[Trigger] | None = None
    since: int | None = None
    until: int | None = None
    limit: int = 100
    offset: int = 0
