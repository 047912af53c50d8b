"""CONDITION: tests parameters and chooses which of the next nodes run (finedatalink-tasks.md section 3.1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, fields, post_load, validate

from ..domain.records import Counts
from ..domain.states import Level
from .context import FlowContext
from .parameter_conditions import ParameterTest, ParameterTestSchema


@dataclass(frozen=True, slots=True)
class Branch:
    """The nodes that run when the test holds."""

    name: str
    test: ParameterTest
    to: tuple[str, ...]


class BranchSchema(ParameterTestSchema):
    """One of `branches`."""

    name = fields.Str(load_default="", validate=validate.Length(max=128))
    to = fields.List(fields.Str(), required=True, validate=validate.Length(1, 1000))

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> Branch:
        return Branch(data["name"], ParameterTest(data["match"], tuple(data["conditions"])), tuple(data["to"]))


class ConditionSchema(Schema):
    """The configuration of a CONDITION node."""

    branches = fields.List(fields.Nested(BranchSchema), required=True, validate=validate.Length(1, 100))
    else_ = fields.List(fields.Str(), load_default=list, data_key="else", validate=validate.Length(max=1000))


class ConditionNode:
    """Takes the first branch whose test holds, else `else`; the other nodes right after it are skipped."""

    schema: type[Schema] = ConditionSchema
    is_container = False

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        """Return none."""
        return ()

    def run(self, config: Mapping[str, Any], context: FlowContext) -> Counts:
        """Choose; raises NodeError for an unknown parameter, or a node that does not follow this one."""
        branches: list[Branch] = config["branches"]
        for number, branch in enumerate(branches, 1):
            if branch.test.holds(context):
                return _take(context, f"branch {branch.name or number}", branch.to)
        return _take(context, "no branch", tuple(config["else_"]))


def _take(context: FlowContext, which: str, node_ids: tuple[str, ...]) -> Counts:
    context.log(Level.BASIC, f"{which} holds: on to {', '.join(node_ids) or 'nothing'}")
    context.choose(node_ids)
    return Counts()
