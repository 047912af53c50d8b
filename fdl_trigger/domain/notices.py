"""When a task tells people how a run ended (finedatalink-tasks.md section 14), and what it tells them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from .records import Counts
from .states import Reason, State

QUIET_MS = 10_000  # at most one notice a task in this time
MAX_CHANNELS = 20
MESSAGE_LENGTH = 2000


class Occasion(StrEnum):
    """What a task can give notice of."""

    FAILURE = "failure"  # the run failed, for whatever reason other than BUILD; or its process is gone
    SUCCESS = "success"
    TIMEOUT = "timeout"  # it ran longer than its time limit
    DIRTY = "dirty"  # it left at least so many dirty rows, or more than the task tolerates
    BUILD = "build"  # the instance could not be built from its task
    LATE = "late"  # alarm of a schedule: a due run did not begin in time
    LONG = "long"  # alarm of a schedule: a run takes too long


@dataclass(frozen=True, slots=True)
class Ending:
    """How an instance ended. Times are UTC epoch milliseconds."""

    task_id: int
    task_uid: str
    task_name: str
    instance_uid: str
    state: State
    reason: Reason | None
    message: str
    attempt: int
    trigger: str
    trigger_by: str
    created_at: int
    started_at: int | None
    finished_at: int
    counts: Counts


@dataclass(frozen=True, slots=True)
class NoticeRule:
    """On what occasions a task gives notice, and over which channels (connections, by name).

    `dirty_rows`: a run with at least so many dirty rows is an occasion of its own.
    """

    on: frozenset[Occasion]
    channels: tuple[str, ...]
    dirty_rows: int = 1

    def occasion(self, ending: Ending) -> Occasion | None:
        """Return the most telling occasion of an ending that this rule asks for, or None."""
        return next((one for one in self._occasions(ending) if one in self.on), None)

    def _occasions(self, ending: Ending) -> Iterator[Occasion]:
        if ending.reason is Reason.BUILD:
            yield Occasion.BUILD
            return
        failed = ending.state is State.FAILED or ending.reason is Reason.LOST
        if not failed and ending.state is not State.SUCCEEDED:
            return  # somebody ended it, and knows
        if ending.reason is Reason.TIMEOUT:
            yield Occasion.TIMEOUT
        if ending.reason is Reason.DIRTY or ending.counts.dirty >= self.dirty_rows:
            yield Occasion.DIRTY
        yield Occasion.FAILURE if failed else Occasion.SUCCESS


def document_of(occasion: Occasion, ending: Ending) -> dict[str, Any]:
    """Return the notice as webhooks carry it: type, timestamp and data, as Standard Webhooks recommends."""
    counts = ending.counts
    data = {
        "taskId": ending.task_uid,
        "taskName": ending.task_name,
        "instanceId": ending.instance_uid,
        "state": ending.state.value,
        "reason": ending.reason.value if ending.reason else None,
        "message": ending.message[:MESSAGE_LENGTH],
        "attempt": ending.attempt,
        "trigger": ending.trigger,
        "triggerBy": ending.trigger_by,
        "createdAt": moment(ending.created_at),
        "startedAt": None if ending.started_at is None else moment(ending.started_at),
        "finishedAt": moment(ending.finished_at),
        "rows": {"read": counts.read, "written": counts.written, "dirty": counts.dirty},
    }
    return {"type": f"instance.{occasion}", "timestamp": moment(ending.finished_at), "data": data}


def moment(at_ms: int) -> str:
    """Return a time as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class DeliveryStatus(StrEnum):
    """What became of a notice on one channel."""

    PENDING = "PENDING"  # to be sent, or to be sent again
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"  # given up; it can be asked for again
    SUPPRESSED = "SUPPRESSED"  # the task had given notice less than QUIET_MS before


@dataclass(frozen=True, slots=True)
class Try:
    """One try to deliver. `status`: of HTTP or SMTP, where there was an answer; `error` None: it was taken."""

    at: int
    ms: int
    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notice on its way over one channel. `tries` counts since it was last asked for; times are in milliseconds."""

    id: int
    notice_uid: str
    task_name: str
    instance_uid: str
    occasion: Occasion
    at: int
    channel: str
    status: DeliveryStatus
    tries: int
    due_at: int
    document: Mapping[str, Any]
    last: Try | None


class NoticeSchema(Schema):
    """`control.notice`: off unless enabled; loads to a NoticeRule or None."""

    enabled = fields.Bool(load_default=False)
    on = fields.List(
        fields.Enum(Occasion, by_value=True, validate=validate.NoneOf([Occasion.LATE, Occasion.LONG])),
        load_default=lambda: [Occasion.FAILURE, Occasion.BUILD],
        validate=validate.Length(1),
    )
    channels = fields.List(
        fields.Str(validate=validate.Length(1, 64)), load_default=list, validate=validate.Length(max=MAX_CHANNELS)
    )
    dirtyThreshold = fields.Int(load_default=1, strict=True, validate=validate.Range(1))

    @validates_schema
    def _is_complete(self, data: dict[str, Any], **_: object) -> None:
        if data["enabled"] and not data["channels"]:
            raise ValidationError("name at least one connection to send over", "channels")

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> NoticeRule | None:
        if not data["enabled"]:
            return None
        return NoticeRule(frozenset(data["on"]), tuple(dict.fromkeys(data["channels"])), data["dirtyThreshold"])
