from collections.abc import Callable

import pytest

from fdl_trigger.domain.creation import NewInstance
from fdl_trigger.domain.definition import Definition
from fdl_trigger.domain.records import LOCAL
from fdl_trigger.domain.states import Overlap, Priority, Trigger
from fdl_trigger.store.store import Store

BY = LOCAL.did("test", "test")


@pytest.fixture
def task_id(store: Store) -> int:
    """A published task."""
    store.tasks.save(Definition.parse({"workName": "orders", "nodes": [{"id": "n", "type": "ANY"}]}), BY)
    task = store.tasks.all()[0]
    store.tasks.publish(task.id, BY)
    return task.id


@pytest.fixture
def new(task_id: int) -> Callable[..., NewInstance]:
    """Make what it takes to create an instance, with good defaults."""

    def new(**changes: object) -> NewInstance:
        values: dict[str, object] = {
            "task_id": task_id,
            "version": 1,
            "overlap": Overlap.QUEUE,
            "overlap_limit": 1,
            "priority": Priority.MEDIUM.rank,
            "trigger": Trigger.API,
            "trigger_by": "alice",
            "params": {},
        }
        return NewInstance(**{**values, **changes})  # type: ignore[arg-type]

    return new
