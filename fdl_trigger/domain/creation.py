"""The records around the creation of instances: what it takes, what it gives, and the claim that follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .flow import WHOLE, Portion
from .repeats import Once
from .states import Overlap, Trigger


@dataclass(frozen=True, slots=True)
class Restore:
    """Results to take over from an earlier instance: those of nodes that succeeded there."""

    instance_id: int
    node_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class NewInstance:
    """What it takes to create an instance; the store adds id, state and times."""

    task_id: int
    version: int
    overlap: Overlap
    overlap_limit: int
    priority: int
    trigger: Trigger
    trigger_by: str
    params: Mapping[str, Any]
    application_id: int | None = None
    dedupe_key: str | None = None
    due_at: int | None = None
    source_uid: str | None = None
    portion: Portion = WHOLE
    service_date: int | None = None
    parent_uid: str | None = None
    backfill_uid: str | None = None
    once: Once | None = None
    restore: Restore | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """What identifies an instance that was just created, or (`why` says so) the earlier one a trigger repeats."""

    id: int
    uid: str
    at: int
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """An instance that was claimed for one attempt; every ending must carry this attempt (the fencing token)."""

    id: int
    uid: str
    task_id: int
    version: int
    attempt: int
    priority: int
    params: Mapping[str, Any]
    created_at: int
    started_at: int
    portion: Portion = WHOLE
    service_date: int | None = None
    source_uid: str | None = None  # the instance this one retries


@dataclass(frozen=True, slots=True)
class Backfill:
    """A range of service dates (UTC epoch milliseconds) run one by one, at most `parallel` at a time."""

    uid: str
    task_id: int
    first_date: int
    last_date: int
    parallel: int
    created_by: str
    created_at: int
