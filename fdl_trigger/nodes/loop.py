"""LOOP: runs its inner flow for each of some values, or while a condition holds (finedatalink-tasks.md section 3.1)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from ..domain.records import Counts
from ..domain.states import Level
from .assignments import PARAMETER_NAME
from .context import FlowContext
from .errors import NodeError
from .parameter_conditions import ParameterTest, ParameterTestSchema

DEFAULT_TIMES = 128
MOST_TIMES = 10_000


class ForEachSchema(Schema):
    """`forEach`: the parameter that holds the values, and the name each of them gets."""

    parameter = fields.Str(required=True, validate=PARAMETER_NAME)
    item = fields.Str(load_default="item", validate=PARAMETER_NAME)


class LoopSchema(Schema):
    """The configuration of a LOOP node; one of `forEach` and `while`."""

    forEach = fields.Nested(ForEachSchema, load_default=None)
    while_ = fields.Nested(ParameterTestSchema, load_default=None, data_key="while")
    maxTimes = fields.Int(load_default=DEFAULT_TIMES, strict=True, validate=validate.Range(1, MOST_TIMES))
    continueOnFailure = fields.Bool(load_default=False)

    @validates_schema
    def _is_one_kind(self, data: dict[str, Any], **_: object) -> None:
        if (data["forEach"] is None) == (data["while_"] is None):
            raise ValidationError("a loop has either forEach or while", "forEach")


class Loop:
    """Runs its inner flow time after time. With continueOnFailure it goes on, and fails at its end."""

    schema: type[Schema] = LoopSchema
    is_container = True

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        """Return none."""
        return ()

    def run(self, config: Mapping[str, Any], context: FlowContext) -> Counts:
        """Loop; raises NodeError for a failed time, and when there are more times than maxTimes."""
        turns = _each(config, context) if config["forEach"] else _while(config["while_"], config["maxTimes"], context)
        times = failed = 0
        for values in turns:
            context.check()
            times += 1
            failure = context.run_inner({**values, "loopTimes": times})
            if failure is None:
                continue
            if not config["continueOnFailure"]:
                raise NodeError(f"time {times}: {failure}")
            failed += 1
            context.log(Level.WARN, f"time {times} failed, the loop goes on: {failure}")
        context.log(Level.BASIC, f"{times} times, {failed} failed")
        if failed:
            raise NodeError(f"{failed} of {times} times failed")
        return Counts()


def _each(config: Mapping[str, Any], context: FlowContext) -> Iterator[Mapping[str, Any]]:
    name, item = config["forEach"]["parameter"], config["forEach"]["item"]
    items = as_items(_value_of(name, context))
    if len(items) > config["maxTimes"]:
        raise NodeError(f"'{name}' holds {len(items)} values, the loop takes at most {config['maxTimes']} (maxTimes)")
    for value in items:
        members = {f"{item}.{key}": member for key, member in value.items()} if isinstance(value, dict) else {}
        yield {item: value, **members}


def _while(test: ParameterTest, most: int, context: FlowContext) -> Iterator[Mapping[str, Any]]:
    for time in range(1, most + 1):
        if not test.holds(context, {"loopTimes": time}):
            return
        yield {}
    if test.holds(context, {"loopTimes": most + 1}):
        raise NodeError(f"the condition still holds after {most} times, the most this loop takes (maxTimes)")


def _value_of(name: str, context: FlowContext) -> Any:
    values = context.values()
    return values[name] if name in values else context.resolve(f"${{{name}}}")


def as_items(value: Any) -> list[Any]:
    """Return what a parameter lists: a list as it is, the text of a JSON list parsed, other text split at commas."""
    if isinstance(value, list | tuple):
        return list(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        return []
    if not isinstance(value, str):
        return [value]
    if value.lstrip().startswith("["):
        try:
            parsed = json.loads(value, parse_float=str)
        except (ValueError, RecursionError):
            raise NodeError(f"this is no JSON list to loop over: {value[:80]}") from None
        return list(parsed)
    return [part.strip() for part in value.split(",")]
