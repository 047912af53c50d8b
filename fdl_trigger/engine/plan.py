"""What it takes to run a published version: its definition, and every node's settings, read once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from ..domain.definition import Definition, flatten
from ..domain.errors import DefinitionInvalid
from ..domain.flow import Flow, Node
from ..nodes.context import NodeType
from ..nodes.errors import BuildError
from ..store.catalog import Catalog

MAX_PLANS = 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """A definition that is ready to run; `configs` holds loaded settings by the path of the node ("loop/inner")."""

    definition: Definition
    configs: Mapping[str, Mapping[str, Any]]
    connections: frozenset[str]


class Planner:
    """Makes plans and keeps them: a published version never changes."""

    def __init__(self, catalog: Catalog, node_types: Mapping[str, NodeType]) -> None:
        self._catalog = catalog
        self._node_types = node_types
        self._plans: dict[tuple[int, int], Plan] = {}

    def plan(self, task_id: int, version: int) -> Plan:
        """Return the plan; raises BuildError when the version cannot be run or a connection is missing."""
        key = (task_id, version)
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= MAX_PLANS:
                self._plans.clear()
            plan = self._plans[key] = self._make(task_id, version)
        if missing := sorted(plan.connections - self._catalog.current().connections.keys()):
            raise BuildError(f"there is no connection '{missing[0]}'")
        return plan

    def _make(self, task_id: int, version: int) -> Plan:
        try:
            definition = self._catalog.definition(task_id, version)
        except DefinitionInvalid as error:
            raise BuildError(f"the published definition cannot be read: {error}") from None
        configs: dict[str, Mapping[str, Any]] = {}
        connections: set[str] = set()
        for path, node in _with_paths(definition.flow):
            node_type = self._node_types.get(node.type)
            if node_type is None:
                raise BuildError(f"node '{node.name}': there is no node type '{node.type}'")
            configs[path] = _load(node_type, node.name, node.config)
            connections.update(node_type.connections(configs[path]))
        return Plan(definition, configs, frozenset(connections))


def _with_paths(flow: Flow, path: str = "") -> Iterator[tuple[str, Node]]:
    for node in flow.nodes:
        yield path + node.id, node
        if node.inner is not None:
            yield from _with_paths(node.inner, f"{path}{node.id}/")


def _load(node_type: NodeType, name: str, config: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        loaded: Mapping[str, Any] = node_type.schema().load(config)
    except ValidationError as error:
        problems = "; ".join(f"{key}: {reason}" for key, reason in flatten(error.messages))
        raise BuildError(f"node '{name}': {problems}") from None
    return loaded
