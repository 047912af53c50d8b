"""EnOS's numbers and words for states (enos-flows.md section 5)."""

from ...domain.records import Instance
from ...domain.searching import Ending
from ...domain.states import Reason, State, Trigger

FAIL, INIT, SUCCESS, RUNNING, SUSPEND, INTERNAL_ERROR, WAIT, READY, TIMEOUT, CANCEL, RERUN, SKIP = range(-1, 11)

WORDS = {
    FAIL: "FAIL",
    INIT: "INIT",
    SUCCESS: "SUCCESS",
    RUNNING: "RUNNING",
    SUSPEND: "SUSPEND",
    INTERNAL_ERROR: "INTERNAL_ERROR",
    WAIT: "WAIT",
    READY: "READY",
    TIMEOUT: "TIMEOUT",
    CANCEL: "CANCEL",
    RERUN: "RERUN",
    SKIP: "SKIP",
}
_INTERNAL = frozenset({Reason.LOST, Reason.SHUTDOWN})
_PLAIN_FAILURES = frozenset(Reason) - {Reason.TIMEOUT}
_BY_HAND = frozenset(Reason) - _INTERNAL

# Values no instance of this service has are left out: nothing matches them.
FILTERS: dict[int, Ending] = {
    FAIL: Ending(State.FAILED, _PLAIN_FAILURES),
    INIT: Ending(State.WAITING, due=False),
    SUCCESS: Ending(State.SUCCEEDED),
    RUNNING: Ending(State.RUNNING),
    INTERNAL_ERROR: Ending(State.TERMINATED, _INTERNAL),
    WAIT: Ending(State.WAITING, due=True),
    TIMEOUT: Ending(State.FAILED, frozenset({Reason.TIMEOUT})),
    CANCEL: Ending(State.TERMINATED, _BY_HAND),
}
_NODE_STATES = {
    State.WAITING: WAIT,
    State.RUNNING: RUNNING,
    State.SUCCEEDED: SUCCESS,
    State.FAILED: FAIL,
    State.TERMINATED: CANCEL,
    State.SKIPPED: SKIP,
}
_PLANNED = frozenset({Trigger.SCHEDULE, Trigger.EVENT})
TYPES: dict[int, frozenset[Trigger]] = {0: frozenset(Trigger) - _PLANNED, 1: _PLANNED, 2: frozenset()}
"""The `type` of a search: by hand, periodic, temporary (there is none)."""


def status_of(instance: Instance, now: int) -> int:
    """Return the `status` of an instance; `now` is UTC epoch milliseconds."""
    state = instance.apparent_state
    if state is State.WAITING:
        return INIT if instance.due_at > now else WAIT
    if state is State.FAILED and instance.reason is Reason.TIMEOUT:
        return TIMEOUT
    if state is State.TERMINATED and instance.reason in _INTERNAL:
        return INTERNAL_ERROR
    return _NODE_STATES[state]


def status_of_node(state: State) -> int:
    """Return the `status` of a task instance."""
    return _NODE_STATES[state]
