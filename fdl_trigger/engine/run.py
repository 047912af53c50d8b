"""One running instance."""

from dataclasses import dataclass

from ..domain.clock import Clock
from ..domain.creation import Claim
from ..domain.definition import Control
from ..domain.states import Level
from .journal import RunJournal
from .stopping import StopSwitch


@dataclass(frozen=True, slots=True)
class Ancestry:
    """The tasks that called one another down to a run, outermost first; a task must not call one of them."""

    task_ids: tuple[int, ...] = ()

    def extended(self, task_id: int) -> "Ancestry":
        """Return the ancestry of a run called by a run of this task."""
        return Ancestry((*self.task_ids, task_id))


class Run:
    """A claimed instance on its way through its flow."""

    def __init__(self, claim: Claim, clock: Clock, ancestry: Ancestry | None = None) -> None:
        self.claim = claim
        self.clock = clock
        self.ancestry = (ancestry or Ancestry()).extended(claim.task_id)
        self.switch = StopSwitch()
        self.journal = RunJournal(clock, Level.WARN)
        self.control = Control()
        self.deadline: int | None = None  # epoch milliseconds
        self.warn_at: int | None = None
        self.stop_by: int | None = None  # when an asked run that has not stopped is given up
        self.abandoned = False

    def begin(self, control: Control, journal: RunJournal) -> None:
        """Take over the settings of the task, once they are known."""
        self.control = control
        self.journal = journal
        if control.warn_after_s is not None:
            self.warn_at = self.claim.started_at + round(control.warn_after_s * 1000)
        if control.timeout_s is not None:
            self.deadline = self.claim.started_at + round(control.timeout_s * 1000)
