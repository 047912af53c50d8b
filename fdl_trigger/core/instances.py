"""Run, list, read, wait for and terminate instances."""

import builtins
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..domain.clock import Clock
from ..domain.definition import Definition
from ..domain.errors import InstanceFinished, InstanceNotFound, NothingRunning
from ..domain.operations import Operation
from ..domain.records import (
    LOCAL,
    DirtyRow,
    Event,
    Instance,
    InstanceFilter,
    LogLine,
    NodeRun,
    Principal,
    Task,
)
from ..domain.repeats import NO_POLICY, Once
from ..domain.states import Reason, Trigger
from ..domain.triggering import new_instance, require_runnable
from ..failpoints import fail_point
from ..store.store import Store
from .lookup import find_task
from .orders import Order, Triggered, as_instance, checked_key, checked_params, checked_portion
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
        order = Order(params or {}, trigger, operator)
        return self.trigger(order, uid=uid, name=name, principal=principal).instance

    def trigger(
        self, order: Order, *, uid: str | None = None, name: str | None = None, principal: Principal = LOCAL
    ) -> Triggered:
        """Do what an order says: create an instance, or return the one it repeats and why.

        Raises what `execute` raises, InvalidParameter for a bad key or node, IdempotencyConflict.
        """
        task = self._task(principal, Operation.EXECUTE, uid, name)
        if order.even_disabled:
            task = replace(task, enabled=True)
        definition = self._store.catalog.definition(task.id, require_runnable(task))
        new = new_instance(
            task,
            definition,
            order.trigger,
            order.operator or principal.name,
            self._store.sealing.seal(definition.params, checked_params(order.params)),
            application_id=principal.application_id,
            portion=checked_portion(definition, order.portion),
            service_date=order.service_date,
            due_at=order.due_at,
            dedupe_key=order.dedupe_key,
            once=self._once(task, definition, order, principal),
        )
        entry = principal.did("task.execute", task.name, workId=task.uid, operator=new.trigger_by)
        fail_point("accept.asked")
        created = self._store.instances.create(new, entry)
        fail_point("accept.committed")
        if created.why is not None:
            return Triggered(self._store.records.by_uid(created.uid) or as_instance(task, new, created), created.why)
        return Triggered(as_instance(task, new, created))

    def _once(self, task: Task, definition: Definition, order: Order, principal: Principal) -> Once | None:
        policy = definition.control.once
        if order.idempotency_key is None and policy == NO_POLICY:
            return None
        caller = f"{principal.application_id or principal.name}"
        fingerprint = self._store.sealing.fingerprint(f"{caller} {task.uid} {order.portion}", order.params)
        return Once(caller, fingerprint, checked_key(order.idempotency_key), policy)

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
        deadline = time.monotonic() + timeout_s
        ending = self._store.endings.expect(instance.id)
        try:
            while not (instance := self.get(uid, principal)).apparent_state.is_final:
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    break
                ending.wait(min(left_s, WAIT_POLL_S))
        finally:
            self._store.endings.forget(instance.id, ending)
        return instance

    def node_runs(self, uid: str, principal: Principal = LOCAL) -> builtins.list[NodeRun]:
        """Return the node runs of an instance, in the order they started."""
        return self._store.journal.node_runs(self.get(uid, principal).id)

    def attempts(self, uid: str, principal: Principal = LOCAL) -> builtins.list[Mapping[str, Any]]:
        """Return the attempts of the calls of an instance, as far as its nodes keep them (HTTP_CALL: keepAttempts)."""
        opened = [self._store.sealing.open_outputs(run.outputs) or {} for run in self.node_runs(uid, principal)]
        return [one for outputs in opened for one in outputs.get("attempts", ())]

    def log(self, uid: str, after: int = 0, principal: Principal = LOCAL) -> builtins.list[LogLine]:
        """Return the run log of an instance, the lines numbered above `after`."""
        return self._store.journal.log(self.get(uid, principal).id, after)

    def events(self, uid: str, principal: Principal = LOCAL) -> builtins.list[Event]:
        """Return the transitions of an instance, oldest first."""
        return self._store.journal.events(self.get(uid, principal).id)

    def dirty_rows(self, uid: str, principal: Principal = LOCAL) -> builtins.list[DirtyRow]:
        """Return the dirty rows of an instance that were kept."""
        return self._store.journal.dirty_rows(self.get(uid, principal).id)
