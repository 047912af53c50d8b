"""Run, list, read, wait for and terminate instances."""

import builtins
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..domain.clock import Clock
from ..domain.errors import InstanceFinished, InstanceNotFound, NothingRunning
from ..domain.operations import Operation
from ..domain.records import (
    LOCAL,
    Counts,
    Created,
    DirtyRow,
    Event,
    Instance,
    InstanceFilter,
    LogLine,
    NewInstance,
    NodeRun,
    Principal,
    Task,
)
from ..domain.states import Reason, State, Trigger
from ..domain.triggering import new_instance, require_runnable
from ..store.store import Store
from .lookup import find_task
from .permissions import require

# Endings of this process wake a waiter at once; those of another process are seen at this interval.
WAIT_POLL_S = 0.5


class InstanceService:
    """The use cases around instances. Tasks are named by `uid` (workId) or by `name`, one of the two."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def execute(
        self,
        *,
        uid: str | None = None,
        name: str | None = None,
        params: Mapping[str, Any] | None = None,
        trigger: Trigger = Trigger.CODE,
        operator: str | None = None,
        principal: Principal = LOCAL,
    ) -> Instance:
        """Create a waiting instance of a published task; it is durable when this returns.

        `params` holds values for parameters the task defines, other names have no effect. Raises PermissionDenied,
        TaskNotFound, TaskNotPublished, TaskDisabled, AlreadyRunning, QueueFull.
        """
        task = self._task(principal, Operation.EXECUTE, uid, name)
        definition = self._store.catalog.definition(task.id, require_runnable(task))
        new = new_instance(
            task,
            definition,
            trigger,
            operator or principal.name,
            self._store.sealing.seal(definition.params, params or {}),
            application_id=principal.application_id,
        )
        entry = principal.did("task.execute", task.name, workId=task.uid, operator=new.trigger_by)
        return _as_instance(task, new, self._store.instances.create(new, entry))

    def _task(self, principal: Principal, operation: Operation, uid: str | None, name: str | None) -> Task:
        require(principal, operation)
        return find_task(self._store.catalog.current(), uid, name, principal, operation)

    def get(self, uid: str, principal: Principal = LOCAL, operation: Operation = Operation.READ) -> Instance:
        """Return an instance; raises PermissionDenied, InstanceNotFound."""
        require(principal, operation)
        instance = self._store.records.by_uid(uid)
        if instance is None or not self._may(principal, operation, instance):
            raise InstanceNotFound(f"There is no instance '{uid[:64]}'.", denied=instance is not None)
        return instance

    def _may(self, principal: Principal, operation: Operation, instance: Instance) -> bool:
        if principal.may(operation, instance.task_id):
            return True
        task = self._store.catalog.current().tasks_by_uid.get(instance.task_uid)
        return task is not None and principal.may(operation, task.id, task.folder)

    def list(
        self,
        where: InstanceFilter,
        *,
        uid: str | None = None,
        name: str | None = None,
        principal: Principal = LOCAL,
    ) -> builtins.list[Instance]:
        """Return the instances of a task that match, newest first; raises PermissionDenied, TaskNotFound."""
        task = self._task(principal, Operation.LIST, uid, name)
        return self._store.records.matching(replace(where, task_id=task.id))

    def terminate(self, uid: str, principal: Principal = LOCAL) -> Instance:
        """Ask one instance to stop and return it; it reads as terminated from now on.

        Raises PermissionDenied, InstanceNotFound, InstanceFinished.
        """
        instance = self.get(uid, principal, Operation.TERMINATE)
        if instance.state.is_final or not self._request_end([instance], principal):
            state = self._store.records.by_uid(uid) or instance
            raise InstanceFinished(f"The instance has already ended as {state.apparent_state}.", uid=uid)
        return self.get(uid, principal, Operation.TERMINATE)

    def terminate_task(
        self, *, uid: str | None = None, name: str | None = None, principal: Principal = LOCAL
    ) -> builtins.list[Instance]:
        """Ask every waiting and running instance of a task to stop and return those this call stopped.

        Raises PermissionDenied, TaskNotFound, NothingRunning.
        """
        task = self._task(principal, Operation.TERMINATE, uid, name)
        unfinished = self._store.records.unfinished(task.id)
        stopped = set(self._request_end(unfinished, principal))
        if not stopped:
            raise NothingRunning(f"The task '{task.name}' has no running or waiting instance.")
        return [replace(one, terminate_requested_at=self._clock()) for one in unfinished if one.id in stopped]

    def _request_end(self, instances: builtins.list[Instance], principal: Principal) -> builtins.list[int]:
        message = f"terminated by {principal.name}"
        names = ", ".join(sorted({one.task_name for one in instances}))
        entry = principal.did("instance.terminate", names, recordIds=[one.uid for one in instances])
        return self._store.instances.request_end([one.id for one in instances], Reason.USER, message, entry)

    def wait(self, uid: str, timeout_s: float, principal: Principal = LOCAL) -> Instance:
        """Return the instance when it has ended, or as it is after `timeout_s` seconds."""
        instance = self.get(uid, principal)
        deadline = self._clock() + timeout_s * 1000
        ending = self._store.endings.expect(instance.id)
        try:
            while not (instance := self.get(uid, principal)).apparent_state.is_final:
                left_s = (deadline - self._clock()) / 1000
                if left_s <= 0:
                    break
                ending.wait(min(left_s, WAIT_POLL_S))
        finally:
            self._store.endings.forget(instance.id, ending)
        return instance

    def node_runs(self, uid: str, principal: Principal = LOCAL) -> builtins.list[NodeRun]:
        """Return the node runs of an instance, in the order they started."""
        return self._store.journal.node_runs(self.get(uid, principal).id)

    def log(self, uid: str, after: int = 0, principal: Principal = LOCAL) -> builtins.list[LogLine]:
        """Return the run log of an instance, the lines numbered above `after`."""
        return self._store.journal.log(self.get(uid, principal).id, after)

    def events(self, uid: str, principal: Principal = LOCAL) -> builtins.list[Event]:
        """Return the transitions of an instance, oldest first."""
        return self._store.journal.events(self.get(uid, principal).id)

    def dirty_rows(self, uid: str, principal: Principal = LOCAL) -> builtins.list[DirtyRow]:
        """Return the dirty rows of an instance that were kept."""
        return self._store.journal.dirty_rows(self.get(uid, principal).id)


def _as_instance(task: Task, new: NewInstance, created: Created) -> Instance:
    """Build the record of a new instance from what is known, without reading it back on the hot path."""
    return Instance(
        id=created.id,
        uid=created.uid,
        task_id=task.id,
        task_uid=task.uid,
        task_name=task.name,
        version=new.version,
        state=State.WAITING,
        reason=None,
        message=None,
        attempt=0,
        priority=new.priority,
        trigger=new.trigger,
        trigger_by=new.trigger_by,
        params=new.params,
        created_at=created.at,
        due_at=created.at,
        started_at=None,
        finished_at=None,
        modified_at=created.at,
        terminate_requested_at=None,
        source_uid=None,
        counts=Counts(),
        is_latest=True,
    )
