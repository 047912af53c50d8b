"""The engine as a whole: recovers, runs, drains."""

import time
import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import tzinfo

from ..domain.clock import Clock
from ..domain.errors import DefinitionInvalid
from ..domain.states import Reason
from ..failpoints import fail_point
from ..nodes.context import Limits, NodeType
from ..store.store import Store
from .dispatcher import Dispatcher
from .executor import LocalExecutor
from .housekeeping import Housekeeping
from .run import Run
from .runner import Runner
from .stopping import Stop

STUCK_MS = 10_000


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How the engine runs: threads, seconds a stopped run gets, how long records are kept, the zone of time texts, and
    how many nodes of one instance run side by side."""

    slots: int = 4
    stop_grace_s: float = 5.0
    keep_days: int = 90
    keep_count: int = 10_000
    zone: tzinfo | None = None
    parallel_nodes: int = 4


class Engine:
    """Runs the instances of a store. One engine a store: the caller holds the store's engine lock."""

    def __init__(
        self,
        store: Store,
        node_types: Mapping[str, NodeType],
        limits: Limits,
        clock: Clock,
        settings: EngineSettings,
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._owner = str(uuid.uuid4())
        self._runner = Runner(
            store, node_types, limits, clock, self._owner, self._guest, settings.parallel_nodes, settings.zone
        )
        self._executor = LocalExecutor(settings.slots, self._runner.run, store.work.set)
        housekeeping = Housekeeping(store, settings.keep_days, settings.keep_count)
        self._dispatcher = Dispatcher(
            store, self._executor, self._runner.settle, housekeeping, clock, self._owner, settings.stop_grace_s
        )

    def _guest(self, run: Run) -> AbstractContextManager[None]:
        return self._executor.guest(run)

    def start(self) -> tuple[int, int]:
        """Deal with what a dead process left running, then start; returns (run again, lost)."""
        recovered = self._store.recovery.recover(self._owner, self._may_rerun())
        fail_point("recovery.committed")
        self._dispatcher.start()
        return recovered

    def _may_rerun(self) -> dict[tuple[int, int], int]:
        allowed = {}
        for task_id, version in self._store.records.lost_versions(self._owner):
            try:
                control = self._store.catalog.definition(task_id, version).control
            except DefinitionInvalid:
                continue  # what cannot be read cannot run again: it is recorded as lost
            if control.rerun_lost:
                allowed[task_id, version] = control.max_attempts
        return allowed

    def stop(self, grace_s: float) -> None:
        """Let runs finish for `grace_s` seconds, then ask the rest to stop, then give up on those that do not."""
        self._dispatcher.stop_claiming()
        self._wait_until_idle(grace_s)
        self._dispatcher.ask_all_to_stop(Stop(Reason.SHUTDOWN, "the service was stopped"))
        self._wait_until_idle(self._settings.stop_grace_s + 1)
        self._runner.closing.set()
        self._dispatcher.stop()
        self._executor.close()

    def _wait_until_idle(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._executor.active() and time.monotonic() < deadline:
            time.sleep(0.02)

    def is_moving(self) -> bool:
        """Whether the dispatcher has turned in the last seconds."""
        return self._clock() - self._dispatcher.last_beat < STUCK_MS
