"""SchedulerX's numbers for states and triggers (schedulerx.md section 7), and times as it writes them."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from ...domain.records import Instance
from ...domain.states import Reason, State, Trigger

Outcomes = tuple[tuple[State, frozenset[Reason] | None], ...]
SUCCEEDED = 4

# Only the numbers the API documents: a terminated run counts as failed, as one that was stopped does upstream.
_STATUSES = {
    State.WAITING: 1,
    State.RUNNING: 3,
    State.SUCCEEDED: SUCCEEDED,
    State.FAILED: 5,
    State.TERMINATED: 5,
    State.SKIPPED: 5,  # of nodes only
}
STATUS_FILTERS: Mapping[int, Outcomes] = {
    1: ((State.WAITING, None),),
    3: ((State.RUNNING, None),),
    SUCCEEDED: ((State.SUCCEEDED, None),),
    5: ((State.FAILED, None), (State.TERMINATED, None)),
}
_TRIGGERS = {
    Trigger.SCHEDULE: 1,
    Trigger.EVENT: 1,
    Trigger.API: 3,
    Trigger.CODE: 3,
    Trigger.PARENT: 3,
    Trigger.UI: 4,
    Trigger.RETRY: 4,
}
CRON, API = 1, 100


def status_number(one: Instance) -> int:
    """Return the `Status` of an instance."""
    return _STATUSES[one.apparent_state]


def trigger_number(one: Instance) -> int:
    """Return the `TriggerType` of an instance."""
    return _TRIGGERS[one.trigger]


def time_type(one: Instance) -> int:
    """Return the `TimeType` of an instance."""
    return CRON if one.trigger in (Trigger.SCHEDULE, Trigger.EVENT) else API


def wall_time(at_ms: int, zone: tzinfo | None) -> str:
    """Return UTC epoch milliseconds as `yyyy-MM-dd HH:mm:ss` in a zone (None: the system's)."""
    return datetime.fromtimestamp(at_ms / 1000).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
