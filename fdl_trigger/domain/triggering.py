"""From a trigger to a new instance: what the published definition decides about it."""

from collections.abc import Mapping
from typing import Any

from .creation import NewInstance, Restore
from .definition import Definition
from .errors import TaskDisabled, TaskNotPublished
from .flow import WHOLE, Portion
from .records import Task
from .repeats import Once
from .states import Trigger


def require_runnable(task: Task) -> int:
    """Return the version that runs; raises TaskNotPublished, TaskDisabled."""
    if task.version is None:
        raise TaskNotPublished(f"The task '{task.name}' has never been published. Publish it, then call again.")
    if not task.enabled:
        raise TaskDisabled(f"The task '{task.name}' is disabled.")
    return task.version


def new_instance(
    task: Task,
    definition: Definition,
    trigger: Trigger,
    trigger_by: str,
    params: Mapping[str, Any],
    *,
    priority: int | None = None,
    application_id: int | None = None,
    portion: Portion = WHOLE,
    service_date: int | None = None,
    due_at: int | None = None,
    source_uid: str | None = None,
    parent_uid: str | None = None,
    dedupe_key: str | None = None,
    backfill_uid: str | None = None,
    overlap_limit: int | None = None,
    once: Once | None = None,
    restore: Restore | None = None,
) -> NewInstance:
    """Return what it takes to create an instance of a published task. Times are UTC epoch milliseconds."""
    control = definition.control
    return NewInstance(
        task_id=task.id,
        version=require_runnable(task),
        overlap=control.overlap,
        overlap_limit=overlap_limit or control.parallel_limit,
        priority=control.priority.rank if priority is None else priority,
        trigger=trigger,
        trigger_by=trigger_by,
        params=params,
        application_id=application_id,
        dedupe_key=dedupe_key,
        due_at=due_at,
        source_uid=source_uid,
        portion=portion,
        service_date=service_date,
        parent_uid=parent_uid,
        backfill_uid=backfill_uid,
        once=once,
        restore=restore,
    )
