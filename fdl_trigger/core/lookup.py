"""Finding a task by what callers know of it."""

from ..domain.errors import InvalidParameter, TaskNotFound
from ..domain.operations import Operation
from ..domain.records import LOCAL, Principal, Task
from ..store.catalog import Snapshot


def find_task(
    snapshot: Snapshot,
    uid: str | None,
    name: str | None,
    principal: Principal = LOCAL,
    operation: Operation = Operation.READ,
) -> Task:
    """Return the task; raises TaskNotFound also when the caller may not know it exists."""
    if uid is None and name is None:
        raise InvalidParameter("Name the task by its id or by its name.")
    task = snapshot.tasks_by_name.get(name or "") if uid is None else snapshot.tasks_by_uid.get(uid.lower())
    if task is None or not principal.may(operation, task.id, task.folder):
        shown = name if uid is None else uid
        raise TaskNotFound(f"There is no task '{(shown or '')[:128]}'.", denied=task is not None)
    return task
