"""FineDataLink's words for states and triggers, both ways (finedatalink-open-platform.md section 6)."""

from ...domain.records import Instance
from ...domain.states import Reason, State, Trigger

Outcomes = tuple[tuple[State, frozenset[Reason] | None], ...]

_STATE_WORDS = {
    State.WAITING: "QUEUING",
    State.RUNNING: "RUNNING",
    State.SUCCEEDED: "SUCCESS",
    State.FAILED: "ERROR",
    State.TERMINATED: "INTERRUPT",
    State.SKIPPED: "SKIPPED",  # nodes only
}
_ERROR: Outcomes = ((State.FAILED, frozenset(Reason) - {Reason.BUILD}),)
_NEVER: Outcomes = ()

# The seven values in use, then the older ones, which no instance has any more; FAIL was an older ERROR.
STATUS_FILTERS: dict[str, Outcomes] = {
    "SUCCESS": ((State.SUCCEEDED, None),),
    "ERROR": _ERROR,
    "BUILD_FAIL": ((State.FAILED, frozenset({Reason.BUILD})),),
    "INTERRUPT": ((State.TERMINATED, None),),
    "RUNNING": ((State.RUNNING, None),),
    "QUEUING": ((State.WAITING, None),),
    "BUILDING": _NEVER,
    "FAIL": _ERROR,
    "INITIAL": _NEVER,
    "DUPLICATE": _NEVER,
    "INVALID": _NEVER,
}

_TRIGGER_WORDS = {Trigger.SCHEDULE: "FIX_TIME", Trigger.EVENT: "EVENT"}

TRIGGER_FILTERS: dict[str, frozenset[Trigger]] = {
    "MANUAL": frozenset(Trigger) - set(_TRIGGER_WORDS),
    "FIX_TIME": frozenset({Trigger.SCHEDULE}),
    "EVENT": frozenset({Trigger.EVENT}),
}


def status_word(instance: Instance) -> str:
    """Return the `taskStatus` of an instance."""
    if instance.state is State.FAILED and instance.reason is Reason.BUILD:
        return "BUILD_FAIL"
    return _STATE_WORDS[instance.apparent_state]


def state_word(state: State) -> str:
    """Return the word for the state of a node."""
    return _STATE_WORDS[state]


def trigger_word(trigger: Trigger) -> str:
    """Return the `triggerMethod` of an instance: whatever was not planned counts as by hand."""
    return _TRIGGER_WORDS.get(trigger, "MANUAL")
