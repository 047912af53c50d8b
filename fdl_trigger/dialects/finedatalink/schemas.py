"""The arguments of the operations: one schema load per request."""

import math
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from ...domain.definition import flatten
from ...domain.errors import InvalidParameter
from ...domain.operations import Operation
from .operations import WireOperation
from .times import read_time
from .words import STATUS_FILTERS, TRIGGER_FILTERS

MAX_PAGE_SIZE = 1000
MAX_PAGE_NUMBER = 1_000_000_000
NAME_LENGTH = 512


class _Time(fields.Field[int]):
    """A time in one of the documented spellings; loads as UTC epoch milliseconds."""

    def __init__(self, zone: tzinfo | None, *, upper: bool = False, **kwargs: Any) -> None:
        super().__init__(load_default=None, allow_none=True, **kwargs)
        self._zone = zone
        self._upper = upper

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        try:
            return read_time(value, self._zone, upper=self._upper)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class _Params(fields.Field[dict[str, Any]]):
    """Task parameters: {"name": value} or [{"name": "...", "value": ...}]."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        if not isinstance(value, list):
            raise ValidationError('must be {"name": value} or [{"name": "...", "value": ...}]')
        params: dict[str, Any] = {}
        for index, item in enumerate(value):
            name = item.get("name") if isinstance(item, dict) else None
            if not isinstance(name, str) or not name:
                raise ValidationError({index: ['must be {"name": "...", "value": ...}']})
            if name in params:
                raise ValidationError({index: [f"'{name[:80]}' is given twice"]})
            params[name] = item.get("value")
        return params


class _Wait(fields.Field[float]):
    """Whether to wait for the end of the run, or for how many seconds; loads as seconds."""

    def __init__(self, longest_s: float, **kwargs: Any) -> None:
        super().__init__(load_default=0.0, allow_none=True, **kwargs)
        self._longest_s = longest_s

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if isinstance(value, str) and value.strip().lower() in ("true", "false"):
            value = value.strip().lower() == "true"
        if isinstance(value, bool):
            return self._longest_s if value else 0.0
        try:
            seconds = float(value)
        except (TypeError, ValueError, OverflowError):
            seconds = -1.0
        if not math.isfinite(seconds) or seconds < 0:
            raise ValidationError("must be true, false or a number of seconds")
        return min(seconds, self._longest_s)


class _Choice(fields.Str):
    def __init__(self, words: Mapping[str, Any]) -> None:
        known = validate.OneOf(tuple(words), error=f"must be one of {', '.join(words)}")
        super().__init__(load_default=None, allow_none=True, validate=known)


class _Whole(fields.Int):
    """A whole number, also as text (a query has nothing else)."""

    def _validated(self, value: Any) -> int:
        if isinstance(value, float):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


def _key() -> fields.Str:
    reasons: dict[str, Any] = {
        "required": "is required; send it in the path, the JSON body or the query",
        "invalid": "must be text",
    }
    return fields.Str(required=True, validate=validate.Length(1, NAME_LENGTH), error_messages=reasons)


def argument_schema(wire: WireOperation, zone: tzinfo | None, page_size: int, longest_wait_s: float) -> Schema:
    """Return the schema of an operation's arguments.

    `page_size` is what a list call gets that names none; no run is waited for longer than `longest_wait_s` seconds.
    """
    members: dict[str, fields.Field[Any]] = {wire.key: _key()}
    if wire.operation is Operation.LIST:
        members |= _filters(zone, page_size)
    if wire.operation is Operation.EXECUTE:
        members |= _orders(zone, longest_wait_s)
    if wire.operation is Operation.READ:
        since = fields.Str(load_default="", allow_none=True, metadata={"description": "as an earlier answer gave it"})
        members |= {"since": since, "wait": _Wait(longest_wait_s)}
    name = "".join(part.capitalize() for part in wire.name.split("_"))
    return Schema.from_dict(members, name=f"Fdl{name}")()


def _orders(zone: tzinfo | None, longest_wait_s: float) -> dict[str, fields.Field[Any]]:
    return {
        "params": _Params(load_default=dict, allow_none=True),
        "wait": _Wait(longest_wait_s),
        "triggerTime": _Time(zone, metadata={"description": "when to start; at once when it has passed"}),
        "idempotencyKey": fields.Str(
            load_default=None,
            allow_none=True,
            metadata={
                "description": "your own name for this call (also the header Idempotency-Key), kept for 24 hours"
            },
        ),
    }


def _filters(zone: tzinfo | None, page_size: int) -> dict[str, fields.Field[Any]]:
    longest = max(MAX_PAGE_SIZE, page_size)
    return {
        "latest": fields.Bool(load_default=False, allow_none=True),
        "startTime": _Time(zone, metadata={"description": "not before, inclusive"}),
        "finishTime": _Time(zone, upper=True, metadata={"description": "not after, inclusive"}),
        "taskStatus": _Choice(STATUS_FILTERS),
        "triggerMethod": _Choice(TRIGGER_FILTERS),
        "pageNum": _Whole(load_default=1, validate=validate.Range(1, MAX_PAGE_NUMBER)),
        "pageSize": _Whole(load_default=page_size, validate=validate.Range(1, longest)),
    }


def load(schema: Schema, values: Mapping[str, Any]) -> dict[str, Any]:
    """Load the arguments; raises InvalidParameter that names every wrong field and its reason."""
    try:
        return dict(schema.load(values))
    except ValidationError as error:
        problems = flatten(error.messages)
        text = "; ".join(f"{name}: {reason}" for name, reason in problems)
        raise InvalidParameter(text, problems=problems) from None
