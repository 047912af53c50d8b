"""Find instances across tasks, by what dialects other than FineDataLink's know of them."""

from dataclasses import replace

from ..domain.clock import Clock
from ..domain.operations import Operation
from ..domain.records import Instance, Principal
from ..domain.searching import InstanceSearch
from ..store.store import Store
from .permissions import require


class SearchService:
    """The use cases around searching. Whoever asks by a key or a number asks `InstanceService` for the rest."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def search(self, where: InstanceSearch, principal: Principal) -> tuple[list[Instance], int]:
        """Return one page of the instances of those tasks the caller may list, and how many there are in all.

        Raises PermissionDenied.
        """
        require(principal, Operation.LIST)
        folders = {task.id: task.folder for task in self._store.catalog.current().tasks_by_uid.values()}
        allowed = [one for one in where.task_ids if principal.may(Operation.LIST, one, folders.get(one))]
        return self._store.searcher.page(replace(where, task_ids=tuple(allowed)), self._clock())

    def by_key(self, task_id: int, dedupe_key: str) -> Instance | None:
        """Return the instance of a task with a dedupe key, or None; not for the caller's ears before a permission."""
        return self._store.searcher.by_key(task_id, dedupe_key)

    def by_number(self, task_id: int, number: int) -> Instance | None:
        """Return the instance of a task with a number, or None; not for the caller's ears before a permission."""
        return self._store.searcher.by_id(task_id, number)

    def last_created(self, task_id: int) -> int | None:
        """Return when the newest instance of a task was created (UTC epoch milliseconds), or None."""
        return self._store.searcher.last_created(task_id)
