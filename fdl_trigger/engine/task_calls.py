"""Tasks that run other tasks (CALL_TASK)."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from ..domain.clock import Clock
from ..domain.creation import Claim
from ..domain.errors import TriggerError
from ..domain.records import Instance, Principal, Task
from ..domain.states import Reason, Trigger
from ..domain.triggering import new_instance, require_runnable
from ..failpoints import fail_point
from ..nodes.context import Called
from ..nodes.errors import BuildError, NodeError
from ..store.store import Store
from .run import Run
from .stopping import Stop

POLL_S = 0.2


class TaskCalls:
    """Runs called tasks on the thread of their caller, so that callers waiting for them never use up the slots.

    A called instance keeps its task's overlap policy, but only its caller claims it. `watched` has the dispatcher watch
    over a run while it lasts, `run` runs it to its end.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        owner: str,
        run: Callable[[Run], None],
        watched: Callable[[Run], AbstractContextManager[None]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._owner = owner
        self._run = run
        self._watched = watched

    def call(self, caller: Run, name: str, params: Mapping[str, Any]) -> Called:
        """Run the task and return how it ended; raises NodeError when it cannot be run, BuildError for a circle."""
        task = self._find(caller, name)
        try:
            definition = self._store.catalog.definition(task.id, require_runnable(task))
            new = new_instance(
                task,
                definition,
                Trigger.PARENT,
                caller.claim.uid,
                params,
                priority=caller.claim.priority,
                parent_uid=caller.claim.uid,
            )
            entry = Principal(f"instance {caller.claim.uid}").did("task.execute", task.name, workId=task.uid)
            created = self._store.instances.create(new, entry)
            fail_point("call.created")
        except TriggerError as error:
            raise NodeError(f"the task '{name}' cannot be run: {error}") from None
        return self._see_through(caller, created.id, created.uid)

    def _find(self, caller: Run, name: str) -> Task:
        snapshot = self._store.catalog.current()
        task = snapshot.tasks_by_name.get(name) or snapshot.tasks_by_uid.get(name.lower())
        if task is None:
            raise NodeError(f"there is no task '{name}'")
        if task.id in caller.ancestry.task_ids:
            raise BuildError(f"the task '{name}' is already running further up: tasks must not call in a circle")
        return task

    def _see_through(self, caller: Run, instance_id: int, uid: str) -> Called:
        ending = self._store.endings.expect(instance_id)
        called: list[Run] = []

        def stop() -> None:
            for run in called:
                run.switch.turn_on(_passed_on(caller))
            ending.set()

        try:
            with caller.switch.on_stop(stop):
                while not (instance := self._get(uid)).state.is_final:
                    claim = self._store.instances.claim_one(instance_id, self._owner)
                    if claim is None:
                        ending.wait(POLL_S)  # for room under the overlap policy of the called task
                    else:
                        self._run_inline(caller, claim, called)
                    caller.switch.check()
        finally:
            self._store.endings.forget(instance_id, ending)
            self._end_if_left(caller, instance_id, uid)
        return Called(uid, instance.state, instance.message or "")

    def _run_inline(self, caller: Run, claim: Claim, called: list[Run]) -> None:
        fail_point("call.claimed")
        run = Run(claim, self._clock, caller.ancestry)
        called.append(run)
        if caller.switch.stop is not None:  # the stop came before the run could hear of it
            run.switch.turn_on(_passed_on(caller))
        with self._watched(run):
            self._run(run)
        fail_point("call.ended")

    def _end_if_left(self, caller: Run, instance_id: int, uid: str) -> None:
        """A called instance does not outlive a caller that was stopped."""
        if caller.switch.stop is not None and not self._get(uid).state.is_final:
            entry = Principal(f"instance {caller.claim.uid}").did("instance.terminate", uid)
            self._store.instances.request_end([instance_id], Reason.USER, "its caller was stopped", entry)

    def _get(self, uid: str) -> Instance:
        instance = self._store.records.by_uid(uid)
        if instance is None:
            raise NodeError(f"the record {uid} is gone")
        return instance


def _passed_on(caller: Run) -> Stop:
    why = caller.switch.stop or Stop(Reason.USER, "stopped")
    return Stop(why.reason, f"its caller was stopped: {why.message}")
