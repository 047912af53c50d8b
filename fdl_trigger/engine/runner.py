"""The life of one run: build it, walk its flow, settle it once."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo

from ..domain.clock import Clock
from ..domain.errors import StoreUnavailable
from ..domain.flow import Node
from ..domain.parameters import ParameterError, Scope, build_scope, unmatched_names
from ..domain.records import Counts, NodeRun
from ..domain.states import Level, Reason, State
from ..nodes.context import Limits, NodeType
from ..nodes.errors import BuildError, DirtyLimitExceeded, NodeError, Stopped
from ..store.journal import JournalEntries
from ..store.store import Store
from .journal import RunJournal
from .plan import Plan, Planner
from .run import Run, RunContext
from .stopping import Stop

SETTLE_AGAIN_S = 1.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. The reason of a success is None."""

    reason: Reason | None = None
    message: str = ""


class Runner:
    """Runs claimed instances, one call each, on whatever thread it is called."""

    def __init__(
        self,
        store: Store,
        node_types: Mapping[str, NodeType],
        limits: Limits,
        clock: Clock,
        zone: tzinfo | None = None,
    ) -> None:
        self._store = store
        self._node_types = node_types
        self._limits = limits
        self._clock = clock
        self._zone = zone
        self._planner = Planner(store.catalog, node_types)
        self.closing = threading.Event()  # set when the engine is about to end

    def run(self, run: Run) -> None:
        """Run the instance to its end and settle it."""
        try:
            outcome = self._walk(run, *self._build(run))
        except BuildError as error:
            outcome = Outcome(Reason.BUILD, str(error))
        except Stopped:
            outcome = _stopped(run)
        except Exception as error:
            logger.exception("instance %s ended by a mistake of this service", run.claim.uid)
            outcome = Outcome(Reason.ERROR, f"internal error ({type(error).__name__}); the service log has the details")
        self.settle(run, outcome)

    def _build(self, run: Run) -> tuple[Plan, Scope]:
        claim = run.claim
        plan = self._planner.plan(claim.task_id, claim.version)
        definition = plan.definition
        last_seq = self._store.journal.last_seq(claim.id) if claim.attempt > 1 else 0
        run.begin(definition.control, RunJournal(self._clock, definition.control.log_level, last_seq))
        waited = claim.started_at - claim.created_at
        run.journal.log(definition.name, Level.BASIC, f"starts (attempt {claim.attempt}) after {waited} ms of waiting")
        for name in unmatched_names(definition.params, claim.params):
            run.journal.log(definition.name, Level.WARN, f"the task has no parameter '{name}'; its value is ignored")
        try:
            scope = build_scope(definition.params, claim.params, definition.name, claim.created_at, self._zone)
        except ParameterError as error:
            raise BuildError(str(error)) from None
        return plan, scope

    def _walk(self, run: Run, plan: Plan, scope: Scope) -> Outcome:
        flow = plan.definition.flow
        ended: dict[str, State] = {}
        outcome = Outcome()
        for node in flow.in_order():
            if not flow.may_start(node, ended):
                ended[node.id] = State.SKIPPED
                run.journal.node_run(NodeRun(node.id, node.name, State.SKIPPED, 0, None, None, Counts(), None))
                run.journal.log(node.name, Level.BASIC, "is skipped: its condition is not met")
                continue
            failure = self._run_node(run, node, plan, scope)
            ended[node.id] = State.SUCCEEDED if failure is None else State.FAILED
            if failure is not None and outcome.reason is None:
                outcome = Outcome(failure.reason, f"node '{node.name}': {failure.message}")
        _log_closing(run, plan.definition.name, list(ended.values()))
        return outcome

    def _run_node(self, run: Run, node: Node, plan: Plan, scope: Scope) -> Outcome | None:
        """Run a node with its retries; return how it failed, or None."""
        retry = plan.definition.control.retry
        attempt = 1
        while True:
            run.switch.check()
            try:
                self._attempt(run, node, plan, scope, attempt)
            except NodeError as error:
                message = run.journal.masked(str(error))
                if attempt > retry.times or isinstance(error, BuildError | DirtyLimitExceeded):
                    return Outcome(_reason_of(error), message)
                run.journal.log(
                    node.name,
                    Level.WARN,
                    f"retry {attempt} of {retry.times} in {retry.interval_s:g} s",
                )
                run.switch.sleep(retry.interval_s)
                attempt += 1
            else:
                return None

    def _attempt(self, run: Run, node: Node, plan: Plan, scope: Scope, attempt: int) -> None:
        begun = NodeRun(node.id, node.name, State.RUNNING, attempt, self._clock(), None, Counts(), None)
        context = RunContext(run, scope, self._store.catalog, self._limits, begun)
        context.log(Level.BASIC, f"starts (attempt {attempt})")
        try:
            counts = self._node_types[node.type].run(plan.configs[node.id], context)
        except NodeError as error:
            self._end_node(run, context, State.FAILED, str(error))
            raise
        except Stopped as error:
            self._end_node(run, context, State.TERMINATED, str(error))
            raise
        except Exception as error:
            self._end_node(run, context, State.FAILED, f"internal error ({type(error).__name__})")
            raise
        context.progress(counts)
        self._end_node(run, context, State.SUCCEEDED, None)

    def _end_node(self, run: Run, context: RunContext, state: State, error: str | None) -> None:
        now = self._clock()
        text = None if error is None else run.journal.masked(error)
        ended = replace(context.node_run, state=state, finished_at=now, error=text)
        run.journal.node_run(ended)
        took = now - (ended.started_at or now)
        if state is State.FAILED:
            context.log(Level.ERROR, text or "")
        context.log(Level.BASIC, f"{state.lower()} after {took} ms")

    def settle(self, run: Run, outcome: Outcome) -> None:
        """End the instance in the store, once; a run that was given up before changes nothing any more.

        While the store cannot be written (disk full, locked) it tries again: an ending is never dropped.
        """
        counts, entries = run.journal.totals(), run.journal.take()
        while True:
            try:
                return self._settle(run, outcome, counts, entries)
            except StoreUnavailable as error:
                if self.closing.wait(SETTLE_AGAIN_S):
                    raise
                logger.error("instance %s cannot be settled yet: %s", run.claim.uid, error)

    def _settle(self, run: Run, outcome: Outcome, counts: Counts, entries: JournalEntries) -> None:
        instances, claim = self._store.instances, run.claim
        reason, message = outcome.reason, outcome.message
        if reason is None:
            settled = instances.succeed(claim, counts, entries)
        elif reason in (Reason.USER, Reason.REPLACED, Reason.SHUTDOWN):
            settled = self._give_back(run, reason) or instances.terminate(claim, reason, message, counts, entries)
        else:
            settled = instances.fail(claim, reason, message, counts, entries)
        if not settled and not instances.terminate(claim, Reason.USER, message, counts, entries):
            logger.info("instance %s had ended before its attempt %d did", claim.uid, claim.attempt)

    def _give_back(self, run: Run, reason: Reason) -> bool:
        """On shutdown, put a run whose task allows it back into the queue, for the next start of the service."""
        may = reason is Reason.SHUTDOWN and run.control.rerun_lost and run.claim.attempt < run.control.max_attempts
        return may and self._store.instances.retry_later(
            run.claim, self._clock(), "the service was stopped; it runs again"
        )


def _stopped(run: Run) -> Outcome:
    stop = run.switch.stop or Stop(Reason.ERROR, "stopped without a reason")
    return Outcome(stop.reason, stop.message)


def _reason_of(error: NodeError) -> Reason:
    if isinstance(error, BuildError):
        return Reason.BUILD
    return Reason.DIRTY if isinstance(error, DirtyLimitExceeded) else Reason.ERROR


def _log_closing(run: Run, name: str, ended: list[State]) -> None:
    words = {State.SUCCEEDED: "succeeded", State.FAILED: "failed", State.SKIPPED: "skipped"}
    counted = ", ".join(f"{ended.count(state)} {word}" for state, word in words.items())
    run.journal.log(name, Level.BASIC, f"nodes: {counted}")
    run.journal.log(name, Level.BASIC, f"total time {run.clock() - run.claim.started_at} ms")
