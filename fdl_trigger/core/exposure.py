"""Tasks by the names a dialect knows them by, and what dialects keep besides."""

import builtins
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..domain.errors import InstanceNotFinished, InvalidParameter
from ..domain.exposure import Namespace
from ..domain.operations import Operation
from ..domain.records import LOCAL, Instance, Principal, Task
from ..store.catalog import Snapshot
from ..store.store import Store
from .permissions import require, require_everywhere


@dataclass(frozen=True, slots=True)
class Exposed:
    """A task and the names a dialect knows it by."""

    task: Task
    names: Mapping[str, Any]


Index = Mapping[str, Mapping[int, Exposed]]


class ExposureService:
    """The use cases around exposed tasks. A task is numbered by its `id`, an instance likewise."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last: tuple[Snapshot, Index] | None = None

    def get(self, dialect: str, number: int, principal: Principal, operation: Operation) -> Exposed | None:
        """Return the task with this number, None when there is none the caller may use; raises PermissionDenied."""
        require(principal, operation)
        found = self._index().get(dialect, {}).get(number)
        return found if found is not None and _may(principal, operation, found.task) else None

    def exists(self, dialect: str, number: int) -> bool:
        """Tell whether there is such a task at all; not for the caller's ears."""
        return number in self._index().get(dialect, {})

    def list(self, dialect: str, principal: Principal, operation: Operation) -> builtins.list[Exposed]:
        """Return the tasks a dialect knows and the caller may use, oldest first; raises PermissionDenied."""
        require(principal, operation)
        found = self._index().get(dialect, {}).values()
        return [one for one in found if _may(principal, operation, one.task)]

    def _index(self) -> Index:
        snapshot, last = self._store.catalog.current(), self._last
        if last is None or last[0] is not snapshot:
            self._last = last = (snapshot, _indexed(snapshot))
        return last[1]

    def uid_of(self, number: int) -> str | None:
        """Return the uid of the instance with this number, or None; who may see it is asked with the uid."""
        return self._store.exposure.uid_of(number)

    def mark_succeeded(self, instance: Instance, principal: Principal = LOCAL) -> None:
        """Have a failed or terminated instance count as succeeded where marks are shown; its record stays as it is.

        Raises PermissionDenied, InstanceNotFinished.
        """
        require(principal, Operation.EXECUTE)
        if not instance.state.is_final:
            raise InstanceNotFinished(f"The instance is {instance.apparent_state}; mark it when it has ended.")
        entry = principal.did("instance.mark_succeeded", instance.task_name, recordId=instance.uid)
        self._store.exposure.mark(instance.id, entry)

    def marked(self, instances: Iterable[Instance]) -> frozenset[int]:
        """Return the numbers of those instances that were marked as succeeded."""
        return self._store.exposure.marked(one.id for one in instances)

    def namespaces(self, principal: Principal = LOCAL) -> builtins.list[Namespace]:
        """Return the namespaces that were created, oldest first; raises PermissionDenied."""
        require(principal, Operation.READ)
        return self._store.exposure.namespaces()

    def create_namespace(self, namespace: Namespace, principal: Principal = LOCAL) -> None:
        """Create a namespace; raises PermissionDenied, InvalidParameter when its uid is taken."""
        require_everywhere(principal, Operation.MANAGE_TASKS)
        if not self._store.exposure.add_namespace(namespace, principal.did("namespace.create", namespace.uid)):
            raise InvalidParameter(f"The namespace '{namespace.uid[:128]}' exists already.")


def _may(principal: Principal, operation: Operation, task: Task) -> bool:
    return principal.may(operation, task.id, task.folder)


def _indexed(snapshot: Snapshot) -> Index:
    index: dict[str, dict[int, Exposed]] = {}
    for task in sorted(snapshot.tasks_by_uid.values(), key=lambda one: one.id):
        document = task.draft if task.published is None else task.published
        for dialect, names in (document.get("expose") or {}).items():
            index.setdefault(dialect, {})[task.id] = Exposed(task, names)
    return index
