"""Conditions on parameters, as CONDITION and LOOP test them, with the operators of paging's end conditions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, fields, post_load, validate

from .assignments import PARAMETER_NAME
from .context import NodeContext
from .end_conditions import meets
from .schema_fields import Text
from .source_schemas import OPERATORS


@dataclass(frozen=True, slots=True)
class ParameterCondition:
    """A parameter compared with a value, which may hold parameters."""

    parameter: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class ParameterTest:
    """ALL or ANY of some conditions."""

    match: str
    conditions: tuple[ParameterCondition, ...]

    def holds(self, context: NodeContext, nearer: Mapping[str, Any] | None = None) -> bool:
        """Tell whether they hold now; `nearer` wins over other values. Raises NodeError for an unknown parameter."""
        results = self._results(context, nearer or {})
        return all(results) if self.match == "ALL" else any(results)

    def _results(self, context: NodeContext, nearer: Mapping[str, Any]) -> Iterator[bool]:
        for condition in self.conditions:
            operand = context.resolve(f"${{{condition.parameter}}}", nearer)
            yield meets(operand, condition.operator, context.resolve(condition.value, nearer))


class ParameterConditionSchema(Schema):
    """One of `conditions`."""

    parameter = fields.Str(required=True, validate=PARAMETER_NAME)
    operator = fields.Str(required=True, validate=validate.OneOf(OPERATORS))
    value = Text(load_default="")

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> ParameterCondition:
        return ParameterCondition(**data)


class ParameterTestSchema(Schema):
    """`match` and `conditions`."""

    match = fields.Str(load_default="ALL", validate=validate.OneOf(("ALL", "ANY")))
    conditions = fields.List(fields.Nested(ParameterConditionSchema), required=True, validate=validate.Length(1, 20))

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> Any:
        return ParameterTest(data["match"], tuple(data["conditions"]))
