"""Check, save, publish and list tasks."""

import builtins
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import ValidationError

from ..domain.definition import Definition, flatten, invalid
from ..domain.errors import PermissionDenied
from ..domain.flow import Node
from ..domain.operations import Operation
from ..domain.records import LOCAL, Principal, Task
from ..domain.schedule_records import PlannedTask
from ..domain.states import Reason
from ..nodes.channels.schemas import CHANNEL_SCHEMAS
from ..nodes.context import NodeType
from ..store.store import Store
from ..store.writer import Work
from .lookup import find_task
from .permissions import require
from .plan_reading import PlanReader


class TaskService:
    """The use cases around tasks. Tasks are named by `uid` (workId) or by `name`, one of the two."""

    def __init__(self, store: Store, node_types: Mapping[str, NodeType], plans: PlanReader | None = None) -> None:
        self._store = store
        self._node_types = node_types
        self._plans = plans or PlanReader(store)

    def check(self, document: Mapping[str, Any]) -> Definition:
        """Read a definition document, node settings included; raises DefinitionInvalid with every mistake."""
        definition = Definition.parse(document)
        problems = [problem for key, node in definition.flow.every_node() for problem in self._check(key, node)]
        problems += self._plans.problems(definition.plans or ())
        if problems:
            raise invalid(problems)
        return definition

    def _check(self, key: str, node: Node) -> Iterator[tuple[str, str]]:
        node_type = self._node_types.get(node.type)
        if node_type is None:
            known = ", ".join(sorted(self._node_types))
            yield f"{key}.type", f"there is no node type '{node.type}'; there are: {known}"
            return
        if node_type.is_container != (node.inner is not None):
            yield f"{key}.nodes", "is required" if node_type.is_container else f"a {node.type} node has no inner nodes"
        try:
            node_type.schema().load(node.config)
        except ValidationError as error:
            yield from flatten(error.messages, f"{key}.config")

    def save(self, document: Mapping[str, Any], principal: Principal = LOCAL) -> Task:
        """Save a draft: of the task with the document's workId, otherwise of the one with its workName, or a new one.

        Raises PermissionDenied, TaskNotFound, DefinitionInvalid.
        """
        require(principal, Operation.MANAGE_TASKS)
        known = self._store.catalog.current().tasks_by_name.get(str(document.get("workName")))
        if known is not None and not document.get("workId"):
            document = {**document, "workId": known.uid}
        definition = self.check(document)
        self._require_place(definition, principal)
        self._store.tasks.save(definition, principal.did("task.save", definition.name, workId=definition.uid))
        return self.get(uid=definition.uid)

    def _require_place(self, definition: Definition, principal: Principal) -> None:
        """Refuse to take a task out of a folder, or to put one into a folder, that is not the caller's."""
        task = self._store.catalog.current().tasks_by_uid.get(definition.uid)
        if task is not None:
            self._managed(task.uid, None, principal)
        if not principal.may(Operation.MANAGE_TASKS, task.id if task else 0, definition.folder):
            raise PermissionDenied(f"{principal.name} may not save tasks in the folder '{definition.folder}'.")

    def _managed(self, uid: str | None, name: str | None, principal: Principal) -> Task:
        require(principal, Operation.MANAGE_TASKS)
        return find_task(self._store.catalog.current(), uid, name, principal, Operation.MANAGE_TASKS)

    def publish(self, *, uid: str | None = None, name: str | None = None, principal: Principal = LOCAL) -> Task:
        """Make the draft the version that runs, and its plans the declared schedules of the task.

        Raises PermissionDenied, TaskNotFound, DefinitionInvalid.
        """
        task = self._managed(uid, name, principal)
        definition = self.check(task.draft)
        if problems := list(self._missing_connections(definition)):
            raise invalid(problems)
        plans = None if definition.plans is None else self._plans.declared(definition.plans, task.id)
        entry = principal.did("task.publish", task.name, workId=task.uid)
        self._store.tasks.publish(task.id, entry, self._declaring(task, plans))
        return self.get(uid=task.uid)

    def _declaring(self, task: Task, plans: builtins.list[PlannedTask] | None) -> Work[None] | None:
        if plans is None:
            return None
        return lambda connection: self._store.schedules.declare(connection, task.id, plans)

    def _missing_connections(self, definition: Definition) -> Iterator[tuple[str, str]]:
        known = self._store.catalog.current().connections
        for key, node in definition.flow.every_node():
            node_type = self._node_types[node.type]
            for name in node_type.connections(node_type.schema().load(node.config)):
                if name not in known:
                    yield f"{key}.config", f"there is no connection '{name}'"
        rule = definition.control.notice
        for index, name in enumerate(rule.channels if rule else ()):
            if name not in known or known[name].kind not in CHANNEL_SCHEMAS:
                yield f"control.notice.channels[{index}]", f"there is no channel '{name}'"

    def get(self, *, uid: str | None = None, name: str | None = None, principal: Principal = LOCAL) -> Task:
        """Return a task; raises PermissionDenied, TaskNotFound."""
        require(principal, Operation.READ)
        return find_task(self._store.catalog.current(), uid, name, principal)

    def list(self, principal: Principal = LOCAL) -> builtins.list[Task]:
        """Return the tasks the caller may read, by folder and name; raises PermissionDenied."""
        require(principal, Operation.READ)
        tasks = self._store.catalog.current().tasks_by_uid.values()
        return [task for task in tasks if principal.may(Operation.READ, task.id, task.folder)]

    def enable(
        self, *, uid: str | None = None, name: str | None = None, enabled: bool, principal: Principal = LOCAL
    ) -> Task:
        """Allow or refuse further triggers of a task; raises PermissionDenied, TaskNotFound."""
        task = self._managed(uid, name, principal)
        action = "task.enable" if enabled else "task.disable"
        self._store.tasks.enable(task.id, enabled, principal.did(action, task.name, workId=task.uid))
        return self.get(uid=task.uid)

    def delete(self, *, uid: str | None = None, name: str | None = None, principal: Principal = LOCAL) -> None:
        """Take a task out of use and stop what runs of it; its records stay. Raises PermissionDenied, TaskNotFound."""
        task = self._managed(uid, name, principal)
        entry = principal.did("task.delete", task.name, workId=task.uid)
        self._store.tasks.delete(task.id, entry)
        unfinished = [instance.id for instance in self._store.records.unfinished(task.id)]
        self._store.instances.request_end(unfinished, Reason.USER, "the task was deleted", entry)
