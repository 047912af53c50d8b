"""One running instance, and how a node sees it."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from ..domain.clock import Clock
from ..domain.definition import Control
from ..domain.parameters import ParameterError, Scope
from ..domain.records import Claim, Connection, Counts, NodeRun
from ..domain.states import Level
from ..nodes.context import Limits
from ..nodes.errors import BuildError, DirtyLimitExceeded, NodeError
from ..store.catalog import Catalog
from .journal import RunJournal
from .masking import secret_values
from .stopping import StopSwitch


class Run:
    """A claimed instance on its way through its flow."""

    def __init__(self, claim: Claim, clock: Clock) -> None:
        self.claim = claim
        self.clock = clock
        self.switch = StopSwitch()
        self.journal = RunJournal(clock, Level.WARN)
        self.control = Control()
        self.deadline: int | None = None  # epoch milliseconds
        self.stop_by: int | None = None  # when an asked run that has not stopped is given up
        self.abandoned = False

    def begin(self, control: Control, journal: RunJournal) -> None:
        """Take over the settings of the task, once they are known."""
        self.control = control
        self.journal = journal
        if control.timeout_s is not None:
            self.deadline = self.claim.started_at + round(control.timeout_s * 1000)


class RunContext:
    """The NodeContext of one attempt of one node."""

    def __init__(self, run: Run, scope: Scope, catalog: Catalog, limits: Limits, node_run: NodeRun) -> None:
        self.node_id = node_run.node_id
        self.limits = limits
        self.node_run = node_run
        self._run = run
        self._scope = scope
        self._catalog = catalog
        self._dirty = 0
        run.journal.node_run(node_run)

    def resolve(self, text: str, nearer: Mapping[str, Any] | None = None) -> str:
        """See NodeContext."""
        try:
            return self._scope.resolve(text, nearer)
        except ParameterError as error:
            raise NodeError(str(error)) from None

    def check(self) -> None:
        """See NodeContext."""
        self._run.switch.check()

    def sleep(self, seconds: float) -> None:
        """See NodeContext."""
        self._run.switch.sleep(seconds)

    def on_stop(self, interrupt: Callable[[], None]) -> AbstractContextManager[None]:
        """See NodeContext."""
        return self._run.switch.on_stop(interrupt)

    def log(self, level: Level, text: str) -> None:
        """See NodeContext."""
        self._run.journal.log(self.node_run.name, level, text)

    def progress(self, counts: Counts) -> None:
        """See NodeContext."""
        self.node_run = replace(self.node_run, counts=replace(counts, dirty=self._dirty))
        self._run.journal.node_run(self.node_run)

    def dirty(self, kind: str, reason: str, row: Mapping[str, Any]) -> None:
        """See NodeContext; the tolerance counts the whole instance (finedatalink-tasks.md section 8.1)."""
        self._dirty += 1
        self._run.journal.dirty(self.node_id, kind, reason, row)
        self.progress(self.node_run.counts)
        threshold = self._run.control.dirty_threshold
        total = self._run.journal.totals().dirty
        if threshold is None:
            raise DirtyLimitExceeded(f"a row is dirty ({reason}) and the task tolerates none (dirtyThreshold)")
        if total > threshold:
            raise DirtyLimitExceeded(f"{total} rows are dirty, the task tolerates {threshold}; the last one: {reason}")

    def connection(self, name: str) -> Connection:
        """See NodeContext."""
        connection = self._catalog.current().connections.get(name)
        if connection is None:
            raise BuildError(f"there is no connection '{name}'")
        self._run.journal.hide(secret_values(connection))
        return connection
