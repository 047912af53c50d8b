"""What to look for among the instances of several tasks."""

from dataclasses import dataclass
from enum import StrEnum

from .states import Reason, State, Trigger


class Moment(StrEnum):
    """The times instances can be sorted by."""

    CREATED = "created"
    MODIFIED = "modified"
    STARTED = "started"
    TRIGGERED = "triggered"  # the service date, where there is one, otherwise the creation
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Ending:
    """An apparent state; `reasons` None means any, `due` None means whether its time has come or not."""

    state: State
    reasons: frozenset[Reason] | None = None
    due: bool | None = None


@dataclass(frozen=True, slots=True)
class InstanceSearch:
    """One page of the instances of these tasks. Times are UTC epoch milliseconds: `since` <= trigger < `until`.

    `endings` and `triggers` None mean any; `order` holds (moment, descending) pairs.
    """

    task_ids: tuple[int, ...]
    endings: tuple[Ending, ...] | None = None
    triggers: frozenset[Trigger] | None = None
    since: int | None = None
    until: int | None = None
    order: tuple[tuple[Moment, bool], ...] = ()
    limit: int = 10
    offset: int = 0
