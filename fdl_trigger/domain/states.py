"""The words of the state machine: what state a run is in, why it ended there, and what started it."""

from enum import StrEnum


class State(StrEnum):
    """The state of an instance or of a node run; docs/state-machine.md draws the arrows between them."""

    WAITING = "WAITING"  # durable, not yet claimed
    RUNNING = "RUNNING"  # claimed by one attempt
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TERMINATED = "TERMINATED"
    SKIPPED = "SKIPPED"  # node runs only: the condition of the node could no longer be met

    @property
    def is_final(self) -> bool:
        """Whether a run in this state never changes again."""
        return self in FINAL_STATES


FINAL_STATES = frozenset({State.SUCCEEDED, State.FAILED, State.TERMINATED, State.SKIPPED})


class Reason(StrEnum):
    """Why an instance is in its final state; kept apart from the state itself."""

    ERROR = "error"  # FAILED: a node failed
    BUILD = "build"  # FAILED: the instance could not be built from its task (definition, parameter, connection)
    TIMEOUT = "timeout"  # FAILED: longer than the task's time limit
    DIRTY = "dirty"  # FAILED: more dirty rows than the task tolerates
    LOST = "lost"  # TERMINATED: the process that ran it is gone
    USER = "user"  # TERMINATED: somebody asked for it
    REPLACED = "replaced"  # TERMINATED: a newer trigger took its place (overlap policy "replace")
    SHUTDOWN = "shutdown"  # TERMINATED: the service was stopped while it ran


class Trigger(StrEnum):
    """What made an instance; each dialect has its own words for these."""

    API = "api"
    UI = "ui"
    CODE = "code"  # an embedding program or the command line
    RETRY = "retry"
    SCHEDULE = "schedule"
    EVENT = "event"
    PARENT = "parent"


class Overlap(StrEnum):
    """What happens to a trigger while the task already runs."""

    QUEUE = "queue"  # wait for the running one
    SKIP = "skip"  # refuse the trigger
    REPLACE = "replace"  # terminate the older ones
    PARALLEL = "parallel"  # run side by side up to a limit


class Priority(StrEnum):
    """Task priority; the more urgent is claimed first, equal ones in order of arrival."""

    HIGHEST = "HIGHEST"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    LOWEST = "LOWEST"

    @property
    def rank(self) -> int:
        """0 for the most urgent; the store orders by it."""
        return list(Priority).index(self)


class Level(StrEnum):
    """The level of a run-log line (finedatalink-tasks.md section 13): BASIC is always kept."""

    BASIC = "BASIC"
    ERROR = "ERROR"
    WARN = "WARN"
    INFO = "INFO"
