"""The loop that claims due instances for free slots and watches over those that run."""

import logging
import threading
from collections.abc import Callable

from ..domain.clock import Clock
from ..domain.creation import Claim
from ..domain.errors import StoreUnavailable
from ..domain.states import Level, Reason
from ..failpoints import fail_point
from ..store.store import Store
from .executor import LocalExecutor
from .housekeeping import Housekeeping
from .outcome import Outcome
from .run import Run
from .stopping import Stop

POLL_MS = 500  # how late a change made by another process, a deadline or progress may be seen

logger = logging.getLogger(__name__)


class Dispatcher:
    """One thread. Woken by new work and by free slots; otherwise it looks every half second."""

    def __init__(
        self,
        store: Store,
        executor: LocalExecutor,
        settle: Callable[[Run, Outcome], None],
        housekeeping: Housekeeping,
        clock: Clock,
        owner: str,
        stop_grace_s: float,
    ) -> None:
        self._store = store
        self._executor = executor
        self._settle = settle
        self._housekeeping = housekeeping
        self._clock = clock
        self._owner = owner
        self._stop_grace_ms = round(stop_grace_s * 1000)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._next_watch = 0
        self.last_beat = 0

    def start(self) -> None:
        """Start the loop."""
        self.last_beat = self._clock()
        self._thread = threading.Thread(target=self._loop, name="fdl-dispatcher", daemon=True)
        self._thread.start()

    def stop_claiming(self) -> None:
        """Claim nothing more; runs under way are still watched."""
        self._stopping.set()

    def stop(self) -> None:
        """End the loop."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            self._store.work.set()
            thread.join()

    def _loop(self) -> None:
        while self._thread is not None:
            try:
                self.turn()
            except StoreUnavailable as error:
                logger.error("the dispatcher cannot reach the store: %s", error)
                self._stopping.wait(1)
            self._store.work.wait(self._idle_s())

    def turn(self) -> None:
        """Do what there is to do now: deliver stop requests, claim and start, watch, keep house."""
        now = self.last_beat = self._clock()
        is_watch_due = now >= self._next_watch
        if self._store.signals.stops.take() or is_watch_due:
            self._deliver_stop_requests()
        if not self._stopping.is_set():
            self._claim_and_start()
        if is_watch_due:
            self._next_watch = now + POLL_MS
            self._watch(now)
            self._housekeeping.turn(now)

    def _idle_s(self) -> float:
        now = self._clock()
        due = self._store.records.next_due(now) if self._executor.free else None
        return max(0, min(POLL_MS, (due or now + POLL_MS) - now)) / 1000

    def _claim_and_start(self) -> None:
        while not self._stopping.is_set() and (free := self._executor.free) > 0:
            claims = self._store.instances.claim_due(free, self._owner)
            for claim in claims:
                fail_point("claim.committed")
                self._start(claim)
            if len(claims) < free:
                return

    def _start(self, claim: Claim) -> None:
        if self._stopping.is_set():
            self._store.instances.retry_later(claim, self._clock(), "the service is stopping")
            return
        self._executor.submit(Run(claim, self._clock))

    def _deliver_stop_requests(self) -> None:
        active = {run.claim.id: run for run in self._executor.active()}
        if not active:
            return
        for instance_id, reason, message in self._store.records.stop_requests(self._owner):
            if instance_id in active:
                self._ask_to_stop(active[instance_id], Stop(reason, message))

    def _ask_to_stop(self, run: Run, stop: Stop) -> None:
        if run.stop_by is None:
            run.stop_by = self._clock() + self._stop_grace_ms
            run.switch.turn_on(stop)

    def _watch(self, now: int) -> None:
        for run in self._executor.active():
            if run.warn_at is not None and now >= run.warn_at:
                _warn(run)
            if run.deadline is not None and now >= run.deadline:
                limit = run.control.timeout_s or 0
                self._ask_to_stop(run, Stop(Reason.TIMEOUT, f"ran longer than its time limit of {limit:g} s"))
            if run.stop_by is not None and now >= run.stop_by:
                self._give_up(run)
            else:
                self._keep_progress(run)

    def _keep_progress(self, run: Run) -> None:
        with run.journal.handing_over() as entries:
            if entries.log or entries.node_runs or entries.dirty:
                self._store.instances.progress(run.claim, run.journal.totals(), entries)

    def _give_up(self, run: Run) -> None:
        """Settle a run that ignored its stop, and take its slot; what it still does can no longer change the record."""
        if self._executor.abandon(run):
            logger.warning("instance %s did not stop in time; its slot was taken back", run.claim.uid)
            stop = run.switch.stop or Stop(Reason.SHUTDOWN, "did not stop")
            self._settle(run, Outcome(stop.reason, f"{stop.message} (it did not stop in time)"))

    def ask_all_to_stop(self, stop: Stop) -> None:
        """Ask every run under way to stop."""
        for run in self._executor.active():
            self._ask_to_stop(run, stop)


def _warn(run: Run) -> None:
    """Say in the run log and in the service's that a run takes longer than its task expects."""
    run.warn_at = None
    text = f"runs longer than {run.control.warn_after_s or 0:g} s (warnAfterMinutes)"
    run.journal.log(run.claim.uid, Level.WARN, text)
    logger.warning("instance %s %s", run.claim.uid, text)
