"""The life of one run: build it, walk its flow, settle it once."""

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import tzinfo

from ..domain.clock import Clock
from ..domain.errors import StoreUnavailable
from ..domain.flow import Flow
from ..domain.parameters import ParameterError, Scope, as_text, build_scope, unmatched_names
from ..domain.records import Counts, NodeRun
from ..domain.states import Level, Reason, State
from ..failpoints import fail_point
from ..nodes.context import Limits, NodeType
from ..nodes.errors import BuildError, Stopped
from ..store.journal import JournalEntries
from ..store.store import Store
from .flow_run import FlowRun, Tools
from .journal import RunJournal
from .masking import MIN_LENGTH
from .outcome import Outcome
from .plan import Plan, Planner
from .results import TaskResults
from .run import Run
from .stopping import Stop
from .task_calls import TaskCalls

SETTLE_AGAIN_S = 1.0

logger = logging.getLogger(__name__)


class Runner:
    """Runs claimed instances, one call each, on whatever thread it is called."""

    def __init__(
        self,
        store: Store,
        node_types: Mapping[str, NodeType],
        limits: Limits,
        clock: Clock,
        owner: str,
        watched: Callable[[Run], AbstractContextManager[None]],
        parallel: int = 4,
        zone: tzinfo | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._results = TaskResults(store)
        self._planner = Planner(store.catalog, node_types)
        calls = TaskCalls(store, clock, owner, self.run, watched)
        self._tools = Tools(store, node_types, limits, clock, parallel, calls.call)
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
        run.begin(
            definition.control,
            RunJournal(self._clock, definition.control.log_level, last_seq, self._store.sealing.seal_outputs),
        )
        waited = claim.started_at - claim.created_at
        run.journal.log(definition.name, Level.BASIC, f"starts (attempt {claim.attempt}) after {waited} ms of waiting")
        for name in unmatched_names(definition.params, claim.params):
            run.journal.log(definition.name, Level.WARN, f"the task has no parameter '{name}'; its value is ignored")
        try:
            scope = build_scope(
                definition.params,
                self._store.sealing.open(claim.params),
                definition.name,
                claim.created_at if claim.service_date is None else claim.service_date,
                self._zone,
                self._store.catalog.current().globals,
                self._results,
            )
        except ParameterError as error:
            raise BuildError(str(error)) from None
        run.journal.hide(text for name in scope.secrets if len(text := as_text(scope.values.get(name))) >= MIN_LENGTH)
        return plan, scope

    def _walk(self, run: Run, plan: Plan, scope: Scope) -> Outcome:
        flow = plan.definition.flow
        try:
            selected = flow.selected(run.claim.portion)
        except KeyError:
            raise BuildError(f"the flow has no node '{run.claim.portion.node_id}' to run from") from None
        fail_point("run.built")
        flow_run = FlowRun(run, plan, flow, scope, self._tools)
        outcome = flow_run.execute(selected, self._finished(run, flow))
        _log_closing(run, plan.definition.name, flow_run.states())
        return outcome

    def _finished(self, run: Run, flow: Flow) -> dict[str, NodeRun]:
        """Return the nodes that succeeded before: in an earlier attempt, or restored from the instance it retries."""
        known = {node.id for node in flow.nodes}
        may_have = len(known) > 1 or run.claim.source_uid is not None  # a lone node ends with its instance
        runs = self._store.journal.node_runs(run.claim.id) if may_have else []
        finished = {
            one.node_id: replace(one, outputs=self._store.sealing.open_outputs(one.outputs))
            for one in runs
            if one.state is State.SUCCEEDED and one.node_id in known
        }
        for one in finished.values():
            run.journal.node_run(one)
        return finished

    def settle(self, run: Run, outcome: Outcome) -> None:
        """End the instance in the store, once; a run that was given up before changes nothing any more.

        While the store cannot be written (disk full, locked) it tries again: an ending is never dropped.
        """
        counts, entries = run.journal.totals(), run.journal.take()
        while True:
            try:
                fail_point("settle.asked")
                self._settle(run, outcome, counts, entries)
                fail_point("settle.committed")
                return
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


def _log_closing(run: Run, name: str, ended: list[State]) -> None:
    words = {State.SUCCEEDED: "succeeded", State.FAILED: "failed", State.SKIPPED: "skipped"}
    counted = ", ".join(f"{ended.count(state)} {word}" for state, word in words.items())
    run.journal.log(name, Level.BASIC, f"nodes: {counted}")
    run.journal.log(name, Level.BASIC, f"total time {run.clock() - run.claim.started_at} ms")
