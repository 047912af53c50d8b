"""A running instance as one node sees it."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Protocol

from ..domain.flow import Node
from ..domain.parameters import ParameterError, Scope, as_text
from ..domain.records import Connection, Counts, NodeRun
from ..domain.states import Level
from ..nodes.context import Called, Limits
from ..nodes.errors import BuildError, DirtyLimitExceeded, NodeError
from ..nodes.masking import names_a_secret
from ..store.catalog import Catalog
from .masking import MIN_LENGTH, secret_values
from .run import Run

_NAME = re.compile(r"[^\W\d][\w.-]{0,63}")


class Steering(Protocol):
    """What a node may make happen besides its own work."""

    def run_inner(self, node: Node, scope: Scope) -> tuple[str | None, Mapping[str, Any]]:
        """Run the flow inside a container once; return how it failed, and what its nodes assigned."""

    def call_task(self, run: Run, name: str, params: Mapping[str, Any]) -> Called:
        """Run another task and wait for its end."""

    def may_retry(self, run: Run) -> bool:
        """Tell whether what started the run still wants it to try again."""


class RunContext:
    """The FlowContext of one attempt of one node."""

    def __init__(
        self,
        run: Run,
        node: Node,
        scope: Scope,
        catalog: Catalog,
        limits: Limits,
        node_run: NodeRun,
        steering: Steering,
        next_ids: frozenset[str],
    ) -> None:
        self.node_id = node_run.node_id
        self.limits = limits
        self.node_run = node_run
        self._run = run
        self._node = node
        self._scope = scope
        self._catalog = catalog
        self._steering = steering
        self._next_ids = next_ids
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

    def assign(self, values: Mapping[str, Any]) -> None:
        """See FlowContext."""
        for name in values:
            if not _NAME.fullmatch(name):
                raise NodeError(f"'{name}' cannot be the name of a parameter")
        telling = [as_text(value) for name, value in values.items() if names_a_secret(name)]
        self._run.journal.hide(text for text in telling if len(text) >= MIN_LENGTH)
        self._leave("values", {**self._outputs().get("values", {}), **values})

    def keep_attempts(self, attempts: Sequence[Mapping[str, Any]]) -> None:
        """See FlowContext."""
        masked = self._run.journal.masked
        self._leave(
            "attempts", [{k: masked(v) if isinstance(v, str) else v for k, v in one.items()} for one in attempts]
        )

    def may_retry(self) -> bool:
        """See FlowContext."""
        return self._steering.may_retry(self._run)

    def choose(self, node_ids: Collection[str]) -> None:
        """See FlowContext."""
        if strangers := sorted(set(node_ids) - self._next_ids):
            raise NodeError(f"no line leads from here to a node '{strangers[0]}'")
        self._leave("chosen", sorted(node_ids))

    def _leave(self, key: str, value: Any) -> None:
        self.node_run = replace(self.node_run, outputs={**self._outputs(), key: value})

    def _outputs(self) -> Mapping[str, Any]:
        return self.node_run.outputs or {}

    def values(self) -> Mapping[str, Any]:
        """See FlowContext."""
        return self._scope.values

    def secrets(self) -> Collection[str]:
        """See FlowContext."""
        return self._scope.secrets

    def run_inner(self, values: Mapping[str, Any]) -> str | None:
        """See FlowContext. What was assigned inside holds from here on, so that a condition may wait for it."""
        failure, assigned = self._steering.run_inner(self._node, self._scope.with_values(values))
        if assigned:
            self.assign(assigned)
            self._scope = self._scope.with_values(assigned)
        return failure

    def call_task(self, name: str, params: Mapping[str, Any]) -> Called:
        """See FlowContext."""
        return self._steering.call_task(self._run, name, params)
