"""Running one flow of one instance: the whole of it, or once the inside of a container."""

import logging
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..domain.clock import Clock
from ..domain.flow import Flow, Node
from ..domain.parameters import Scope
from ..domain.records import Counts, NodeRun
from ..domain.states import Level, State
from ..failpoints import fail_point
from ..nodes.context import Called, Limits, NodeType
from ..nodes.errors import BuildError, DirtyLimitExceeded, NodeError, Stopped
from ..store.store import Store
from .node_context import RunContext
from .outcome import Outcome
from .plan import Plan
from .run import Run
from .walk import Walk

logger = logging.getLogger(__name__)

OPRESULT = {State.SUCCEEDED: "success", State.FAILED: "error", State.SKIPPED: "skipped"}


@dataclass(frozen=True, slots=True)
class Tools:
    """What every flow run works with; `parallel` is how many nodes of one flow may run side by side."""

    store: Store
    node_types: Mapping[str, NodeType]
    limits: Limits
    clock: Clock
    parallel: int
    call_task: Callable[[Run, str, Mapping[str, Any]], Called]


class FlowRun:
    """One pass through a flow. `path` is put before the ids of its nodes in the record ("loop/")."""

    def __init__(self, run: Run, plan: Plan, flow: Flow, scope: Scope, tools: Tools, path: str = "") -> None:
        self._run = run
        self._plan = plan
        self._flow = flow
        self._scope = scope
        self._tools = tools
        self._path = path
        self._lock = threading.Lock()
        self._runs: dict[str, NodeRun] = {}
        self._failure: Outcome | None = None
        self._walk: Walk | None = None

    def execute(self, selected: frozenset[str], finished: Mapping[str, NodeRun] | None = None) -> Outcome:
        """Run the selected nodes but those already finished; return the first failure, or success.

        Raises Stopped when the run was asked to stop.
        """
        self._runs.update(finished or {})
        ended = {node_id: run.state for node_id, run in self._runs.items()}
        self._walk = Walk(self._flow, selected, ended, self._run_node, self._skip, self._tools.parallel)
        for node_id, run in self._runs.items():
            self._close_lines(node_id, run)
        self._walk.walk()
        return self._failure or Outcome()

    def states(self) -> list[State]:
        """Return how the nodes ended."""
        return [run.state for run in self._runs.values()]

    def _skip(self, node: Node) -> None:
        skipped = NodeRun(self._path + node.id, node.name, State.SKIPPED, 0, None, None, Counts(), None)
        self._keep(node, skipped)
        fail_point("node.skipped")
        self._run.journal.log(node.name, Level.BASIC, "is skipped: its condition is not met")

    def _run_node(self, node: Node) -> State:
        """Run a node with its retries."""
        retry = self._plan.definition.control.retry
        attempt = 1
        while True:
            fail_point("node.next")
            self._run.switch.check()
            failure = self._attempt(node, attempt)
            if failure is None:
                return State.SUCCEEDED
            error, message = failure
            if attempt > retry.times or isinstance(error, BuildError | DirtyLimitExceeded):
                self._note_failure(Outcome.of(error, f"node '{node.name}': {message}"))
                return State.FAILED
            wait_s = retry.wait_s(attempt)
            self._run.journal.log(node.name, Level.WARN, f"retry {attempt} of {retry.times} in {wait_s:g} s")
            fail_point("node.before_retry")
            self._run.switch.sleep(wait_s)
            fail_point("node.retried")
            attempt += 1

    def _note_failure(self, outcome: Outcome) -> None:
        with self._lock:
            self._failure = self._failure or outcome

    def _attempt(self, node: Node, attempt: int) -> tuple[NodeError, str] | None:
        context = self._context(node, attempt)
        context.log(Level.BASIC, f"starts (attempt {attempt})")
        try:
            fail_point("node.started")
            node_type = self._tools.node_types[node.type]
            context.progress(node_type.run(self._plan.configs[self._path + node.id], context))
        except NodeError as error:
            return error, self._end(node, context, State.FAILED, str(error))
        except Stopped as error:
            self._end(node, context, State.TERMINATED, str(error))
            raise
        except Exception as error:
            logger.exception("node '%s' of instance %s ended by a mistake", node.name, self._run.claim.uid)
            text = f"internal error ({type(error).__name__}); the service log has the details"
            return NodeError(text), self._end(node, context, State.FAILED, text)
        self._end(node, context, State.SUCCEEDED, None)
        return None

    def _context(self, node: Node, attempt: int) -> RunContext:
        tools = self._tools
        begun = NodeRun(self._path + node.id, node.name, State.RUNNING, attempt, tools.clock(), None, Counts(), None)
        scope = self._scope_of(node)
        return RunContext(
            self._run, node, scope, tools.store.catalog, tools.limits, begun, self, self._flow.after(node.id)
        )

    def _end(self, node: Node, context: RunContext, state: State, error: str | None) -> str:
        now = self._tools.clock()
        text = None if error is None else self._run.journal.masked(error)
        ended = replace(context.node_run, state=state, finished_at=now, error=text)
        took = now - (ended.started_at or now)
        if state is State.FAILED:
            context.log(Level.ERROR, text or "")
        context.log(Level.BASIC, f"{state.lower()} after {took} ms")
        self._keep(node, ended)
        return text or ""

    def _keep(self, node: Node, run: NodeRun) -> None:
        """Keep how a node ended, durably where other nodes follow: they may never run it again."""
        fail_point("node.ended")
        self._run.journal.node_run(run)
        with self._lock:
            self._runs[node.id] = run
        self._close_lines(node.id, run)
        if run.state.is_final and len(self._flow.nodes) > 1 and not self._path:
            journal = self._run.journal
            with journal.handing_over() as entries:
                self._tools.store.instances.keep(self._run.claim, journal.totals(), entries)
            fail_point("node.kept")

    def _close_lines(self, node_id: str, run: NodeRun) -> None:
        chosen = (run.outputs or {}).get("chosen")
        if chosen is not None and self._walk is not None:
            self._walk.close_lines(node_id, frozenset(chosen))

    def _scope_of(self, node: Node) -> Scope:
        """Return what a node can refer to: what nodes upstream of it assigned, and how they ended."""
        with self._lock:
            before = [(known, self._runs[known.id]) for known in self._flow.in_order() if known.id in self._runs]
        values: dict[str, Any] = {f"{known.name}.opresult": OPRESULT.get(run.state, "") for known, run in before}
        assigned = [
            (known.id, run.outputs["values"]) for known, run in before if run.outputs and "values" in run.outputs
        ]
        upstream = self._flow.upstream(node.id) if assigned else frozenset()
        for known_id, given in assigned:
            if known_id in upstream:
                values.update(given)
        direct = self._flow.before(node.id)
        values["prepose.successInfo"] = _info(before, direct, State.SUCCEEDED)
        values["prepose.failedInfo"] = _info(before, direct, State.FAILED)
        return self._scope.with_values(values)

    def run_inner(self, node: Node, scope: Scope) -> tuple[str | None, Mapping[str, Any]]:
        """Run the flow inside a container once, with fresh node runs; return how it failed and what was assigned."""
        flow = node.inner or Flow((), ())
        inner = FlowRun(self._run, self._plan, flow, scope, self._tools, f"{self._path}{node.id}/")
        outcome = inner.execute(frozenset(one.id for one in flow.nodes))
        fail_point("container.round")
        return None if outcome.reason is None else outcome.message, inner.assigned()

    def assigned(self) -> dict[str, Any]:
        """Return what the nodes gave to parameters; of several values for one the last in the order of the flow."""
        values: dict[str, Any] = {}
        for node in self._flow.in_order():
            if node.id in self._runs:
                values.update((self._runs[node.id].outputs or {}).get("values", {}))
        return values

    def may_retry(self, run: Run) -> bool:
        """Tell whether the schedule that started the run, if one did, is still at work."""
        return not self._tools.store.fires.is_paused(run.claim.uid)

    def call_task(self, run: Run, name: str, params: Mapping[str, Any]) -> Called:
        """Run another task and wait for its end."""
        return self._tools.call_task(run, name, params)


def _info(before: list[tuple[Node, NodeRun]], direct: Collection[str], state: State) -> str:
    """Tell in a line each how the direct predecessors ended in a state, for messages."""
    lines = [
        f"{node.name}: {run.error or f'{run.counts.read} rows read, {run.counts.written} written'}"
        for node, run in before
        if node.id in direct and run.state is state
    ]
    return "\n".join(lines)
