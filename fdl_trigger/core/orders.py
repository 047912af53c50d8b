"""What a trigger asks for, checked, and what it gets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..domain.creation import Created, NewInstance
from ..domain.definition import Definition
from ..domain.errors import InvalidParameter
from ..domain.flow import WHOLE, Portion
from ..domain.records import Counts, Instance, Task
from ..domain.repeats import MAX_KEY_LENGTH
from ..domain.states import State, Trigger


@dataclass(frozen=True, slots=True)
class Order:
    """A trigger as a dialect understood it. Times are UTC epoch milliseconds.

    `due_at` delays the start, `service_date` is the time that time parameters count from, `portion` the part of the
    flow to run, `idempotency_key` the caller's own name for this request, `dedupe_key` one that holds for ever.
    `even_disabled` also runs a disabled task.
    """

    params: Mapping[str, Any] = field(default_factory=dict)
    trigger: Trigger = Trigger.CODE
    operator: str | None = None
    portion: Portion = WHOLE
    due_at: int | None = None
    service_date: int | None = None
    idempotency_key: str | None = None
    dedupe_key: str | None = None
    even_disabled: bool = False


@dataclass(frozen=True, slots=True)
class Triggered:
    """The instance of a trigger; `why` says why it is an earlier one."""

    instance: Instance
    why: str | None = None


def checked_portion(definition: Definition, portion: Portion) -> Portion:
    """Return the portion; raises InvalidParameter for a node the flow does not have."""
    try:
        definition.flow.selected(portion)
    except KeyError:
        raise InvalidParameter(f"The task '{definition.name}' has no node '{portion.node_id}'.") from None
    return portion


def checked_params(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return called values; raises InvalidParameter for what cannot be kept: no JSON, or half a character."""
    try:
        json.dumps(dict(params), ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidParameter(f"The parameters cannot be kept as JSON text: {error}.") from None
    return params


def checked_key(key: str | None) -> str | None:
    """Return the idempotency key; raises InvalidParameter for one that is empty, too long or not printable."""
    if key is not None and not (0 < len(key) <= MAX_KEY_LENGTH and key.isprintable()):
        raise InvalidParameter(f"An idempotency key has 1 to {MAX_KEY_LENGTH} printable characters.")
    return key


def as_instance(task: Task, new: NewInstance, created: Created) -> Instance:
    """Build the record of a new instance from what is known, without reading it back on the hot path."""
    return Instance(
        id=created.id,
        uid=created.uid,
        task_id=task.id,
        task_uid=task.uid,
        task_name=task.name,
        version=new.version,
        state=State.WAITING,
        reason=None,
        message=None,
        attempt=0,
        priority=new.priority,
        trigger=new.trigger,
        trigger_by=new.trigger_by,
        params=new.params,
        created_at=created.at,
        due_at=created.at if new.due_at is None else new.due_at,
        started_at=None,
        finished_at=None,
        modified_at=created.at,
        terminate_requested_at=None,
        source_uid=new.source_uid,
        counts=Counts(),
        is_latest=True,
        service_date=new.service_date,
        dedupe_key=new.dedupe_key,
    )
