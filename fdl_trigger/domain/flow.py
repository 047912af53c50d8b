"""The flow of a task: nodes joined by lines, an acyclic graph (finedatalink-tasks.md section 3)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from typing import Any

from .states import State


class Condition(StrEnum):
    """When a line lets the next node start."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    ALWAYS = "ALWAYS"


class Judgment(StrEnum):
    """How several incoming lines are joined."""

    ALL = "ALL"
    ANY = "ANY"


@dataclass(frozen=True, slots=True)
class Node:
    """A step of a flow; `config` is what its node type's schema describes."""

    id: str
    name: str
    type: str
    judgment: Judgment
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """A connector between two nodes."""

    source: str
    target: str
    condition: Condition

    def is_met_by(self, state: State) -> bool:
        """Tell whether the line lets its target start after its source ended in `state`."""
        if self.condition is Condition.SUCCESS:
            return state is State.SUCCEEDED
        if self.condition is Condition.FAILURE:
            return state is State.FAILED
        return state in (State.SUCCEEDED, State.FAILED)


@dataclass(frozen=True, slots=True)
class Flow:
    """Nodes and lines; `in_order` walks them so that every node comes after all that lead to it."""

    nodes: tuple[Node, ...]
    lines: tuple[Line, ...]

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (key, reason) for every mistake of the graph."""
        ids = [node.id for node in self.nodes]
        for index, node_id in enumerate(ids):
            if node_id in ids[:index]:
                yield f"nodes[{index}].id", f"'{node_id}' is used by an earlier node"
        for index, line in enumerate(self.lines):
            for key, end in (("from", line.source), ("to", line.target)):
                if end not in ids:
                    yield f"lines[{index}].{key}", f"there is no node '{end}'"
        try:
            list(self.in_order())
        except CycleError as error:
            yield "lines", "the lines form a circle: " + " -> ".join(reversed(error.args[1]))

    def in_order(self) -> Iterator[Node]:
        """Yield the nodes in an order their lines allow; raises graphlib.CycleError for a circle."""
        known = {node.id: node for node in self.nodes}
        sorter: TopologicalSorter[str] = TopologicalSorter({node.id: [] for node in self.nodes})
        for line in self.lines:
            sorter.add(line.target, line.source)
        for node_id in sorter.static_order():
            if node_id in known:
                yield known[node_id]

    def may_start(self, node: Node, ended: Mapping[str, State]) -> bool:
        """Tell whether a node whose predecessors have all ended starts, by its lines and its judgment."""
        met = [line.is_met_by(ended[line.source]) for line in self.lines if line.target == node.id]
        if not met:
            return True
        return all(met) if node.judgment is Judgment.ALL else any(met)
