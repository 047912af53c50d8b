"""The flow of a task: nodes joined by lines, an acyclic graph (finedatalink-tasks.md section 3)."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
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
    """A step of a flow; `config` is what its node type's schema describes, `inner` the flow inside a container."""

    id: str
    name: str
    type: str
    judgment: Judgment
    config: Mapping[str, Any]
    inner: "Flow | None" = None


class Extent(StrEnum):
    """How much of a flow runs, seen from one of its nodes (finedatalink-tasks.md section 12.2)."""

    WHOLE = "WHOLE"
    FROM = "FROM"  # the node and everything downstream of it
    ONLY = "ONLY"
    UP_TO = "UP_TO"  # the node and everything upstream of it


@dataclass(frozen=True, slots=True)
class Portion:
    """The part of a flow an instance runs."""

    extent: Extent = Extent.WHOLE
    node_id: str = ""


WHOLE = Portion()


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


@dataclass(frozen=True)  # without slots: what follows from the lines is worked out once
class Flow:
    """Nodes and lines; `in_order` walks them so that every node comes after all that lead to it."""

    nodes: tuple[Node, ...]
    lines: tuple[Line, ...]

    @cached_property
    def _ordered(self) -> tuple[Node, ...]:
        known = {node.id: node for node in self.nodes}
        sorter: TopologicalSorter[str] = TopologicalSorter({node.id: [] for node in self.nodes})
        for line in self.lines:
            sorter.add(line.target, line.source)
        return tuple(known[node_id] for node_id in sorter.static_order() if node_id in known)

    @cached_property
    def _lines_to(self) -> Mapping[str, list[Line]]:
        return _grouped((line.target, line) for line in self.lines)

    @cached_property
    def _lines_from(self) -> Mapping[str, list[Line]]:
        return _grouped((line.source, line) for line in self.lines)

    def before(self, node_id: str) -> frozenset[str]:
        """Return the nodes whose lines lead straight to a node."""
        return frozenset(line.source for line in self._lines_to.get(node_id, ()))

    def after(self, node_id: str) -> frozenset[str]:
        """Return the nodes that the lines of a node lead straight to."""
        return frozenset(line.target for line in self._lines_from.get(node_id, ()))

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (key, reason) for every mistake of the graph, inner flows included."""
        for index, node in enumerate(self.nodes):
            if node.inner is not None:
                yield from ((f"nodes[{index}].{key}", reason) for key, reason in node.inner.problems())
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
        """Return the nodes in an order their lines allow; raises graphlib.CycleError for a circle."""
        return iter(self._ordered)

    def every_node(self, path: str = "") -> Iterator[tuple[str, Node]]:
        """Yield every node, inner ones included, with the key of its place ("nodes[0].nodes[2]")."""
        for index, node in enumerate(self.nodes):
            here = f"{path}nodes[{index}]"
            yield here, node
            if node.inner is not None:
                yield from node.inner.every_node(f"{here}.")

    def upstream(self, node_id: str) -> frozenset[str]:
        """Return all nodes that lead to a node."""
        return _reachable(node_id, self.before)

    def downstream(self, node_id: str) -> frozenset[str]:
        """Return all nodes a node leads to."""
        return _reachable(node_id, self.after)

    def selected(self, portion: Portion) -> frozenset[str]:
        """Return the nodes of a portion; raises KeyError for a node the flow does not have."""
        ids = frozenset(node.id for node in self.nodes)
        if portion.extent is Extent.WHOLE:
            return ids
        if portion.node_id not in ids:
            raise KeyError(portion.node_id)
        alone = frozenset({portion.node_id})
        if portion.extent is Extent.FROM:
            return alone | self.downstream(portion.node_id)
        return alone | self.upstream(portion.node_id) if portion.extent is Extent.UP_TO else alone

    def may_start(
        self, node: Node, ended: Mapping[str, State], closed: Collection[tuple[str, str]] = frozenset()
    ) -> bool:
        """Tell whether a node whose predecessors have all ended starts, by its lines and its judgment.

        Predecessors that do not stand in `ended` take no part in this run and are not waited for; `closed` lines, as
        (source, target), are never met.
        """
        lines = [line for line in self._lines_to.get(node.id, ()) if line.source in ended]
        met = [line.is_met_by(ended[line.source]) and (line.source, line.target) not in closed for line in lines]
        if not met:
            return True
        return all(met) if node.judgment is Judgment.ALL else any(met)


def _grouped(lines: Iterable[tuple[str, Line]]) -> dict[str, list[Line]]:
    groups: dict[str, list[Line]] = {}
    for node_id, line in lines:
        groups.setdefault(node_id, []).append(line)
    return groups


def _reachable(start: str, following: Callable[[str], frozenset[str]]) -> frozenset[str]:
    found: set[str] = set()
    pending = [start]
    while pending:
        for node_id in following(pending.pop()):
            if node_id not in found:
                found.add(node_id)
                pending.append(node_id)
    return frozenset(found)
