"""The records around schedules: as they are kept, what became of their fires, what happened to their sources."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .creation import NewInstance
from .firing import Skip, SkipCause
from .plans import Alarm, Plan
from .states import State, Trigger


@dataclass(frozen=True, slots=True)
class ScheduleRecord:
    """A plan as it is kept. Times are UTC epoch milliseconds.

    Every fire up to `decided_at` is dealt with; `next_fire_at` is the first one after it, None when none is to come.
    `declared`: it stands in the published document of its task. `held_by` says why it is paused, if it is.
    `revision` grows with every change.
    """

    id: int
    uid: str
    task_id: int
    task_uid: str
    task_name: str
    name: str
    document: Mapping[str, Any]
    zone: str
    declared: bool
    paused: bool
    held_by: str | None
    next_fire_at: int | None
    last_fire_at: int | None
    decided_at: int
    revision: int
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Fire:
    """What became of a fire (`instance_uid`), or of `count` fires from `fire_at` to `last_at` that were skipped."""

    fire_at: int
    last_at: int
    count: int
    at: int
    cause: SkipCause | None
    reason: str
    instance_uid: str | None


@dataclass(frozen=True, slots=True)
class Firing:
    """One run to create: for a due time or an event at `fire_at`; its dedupe key lets it happen once."""

    fire_at: int
    new: NewInstance


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a scheduler decided about one schedule: to be written down as a whole, or not at all."""

    record: ScheduleRecord
    alarm: Alarm | None
    firings: tuple[Firing, ...]
    skips: tuple[Skip, ...]
    decided_at: int
    next_ms: int | None


@dataclass(frozen=True, slots=True)
class SourceEvent:
    """The ending of an instance of a task that some plan waits for."""

    id: int
    task_id: int
    instance_uid: str
    state: State
    trigger: Trigger
    service_date: int | None
    at: int


@dataclass(frozen=True, slots=True)
class Watched:
    """A fire with an alarm: its instance as it is now, `state` None when it is gone."""

    fire_id: int
    schedule_id: int
    fire_at: int
    not_run_at: int | None
    too_long_ms: int | None
    instance_uid: str
    state: State | None
    attempt: int
    created_at: int
    started_at: int | None


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """A plan that is to be kept for a task; `sources` are the ids of the tasks it waits for."""

    plan: Plan
    sources: tuple[int, ...] = ()
