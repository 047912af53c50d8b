"""Finding flows for a caller: exposed, of the caller's organization, theirs to see or to change."""

from collections.abc import Iterable, Iterator
from typing import Any

from ...core.exposure import Exposed
from ...core.flow_people import FlowPeople
from ...domain.errors import InvalidParameter, PermissionDenied, TaskNotFound
from ...domain.operations import Operation
from ..base import Services
from .errors import LOCKED, Refusal
from .requests import Call

DIALECT_NAME = "enos"


class Flows:
    """The flows of a call's organization, by their numbers."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @property
    def _people(self) -> FlowPeople:
        return self._services.flow_people()

    def to_trigger(self, number: int, call: Call) -> Exposed:
        """Return a flow the caller's application may run, whoever owns it; raises TaskNotFound, PermissionDenied."""
        found = self._services.exposure().get(DIALECT_NAME, number, call.principal, Operation.EXECUTE)
        if found is None or found.names["orgId"] != call.organization:
            denied = self._services.exposure().exists(DIALECT_NAME, number)
            raise TaskNotFound(f"There is no flow {number}.", denied=denied)
        return found

    def to_change(self, number: int, call: Call, operation: Operation = Operation.MANAGE_TASKS) -> Exposed:
        """Return a flow the caller owns; raises InvalidParameter for none, PermissionDenied, Refusal."""
        return self.owned(self._existing(number, call, operation), call)

    def to_read(self, number: int, call: Call, operation: Operation = Operation.READ) -> Exposed:
        """Return a flow the caller may see; raises InvalidParameter for none, PermissionDenied."""
        found = self._existing(number, call, operation)
        if not may_read(found, call.user):
            raise PermissionDenied(f"{call.user} may not see flow {number}.")
        return found

    def _existing(self, number: int, call: Call, operation: Operation) -> Exposed:
        found = self._services.exposure().get(DIALECT_NAME, number, call.principal, operation)
        if found is None or found.names["orgId"] != call.organization:
            denied = self._services.exposure().exists(DIALECT_NAME, number)
            raise InvalidParameter(f"There is no flow {number}.", denied=denied)
        return found

    def owned(self, found: Exposed, call: Call) -> Exposed:
        """Return the flow if the caller owns it; raises PermissionDenied, Refusal for a locked account."""
        if not owns(found, call.user):
            raise PermissionDenied(f"{call.user} does not own flow {found.task.id}.")
        self.require_unlocked(call)
        return found

    def require_unlocked(self, call: Call) -> None:
        """Raise Refusal for a caller whose account here is disabled."""
        if self._people.is_locked(call.user):
            raise Refusal(62105, LOCKED)

    def readable(self, call: Call, operation: Operation = Operation.READ) -> Iterator[Exposed]:
        """Yield the flows the caller may see, oldest first; raises PermissionDenied."""
        for found in self._services.exposure().list(DIALECT_NAME, call.principal, operation):
            if found.names["orgId"] == call.organization and may_read(found, call.user):
                yield found


def owns(flow: Exposed, user: str) -> bool:
    """Tell whether a person owns a flow."""
    return user in flow.names["owners"]


def may_read(flow: Exposed, user: str) -> bool:
    """Tell whether a person may see a flow."""
    return owns(flow, user) or user in flow.names.get("visitors", ())


def matching(flows: Iterable[Exposed], expression: str) -> Iterator[Exposed]:
    """Yield the flows whose name holds the expression, or whose id it is; an empty one matches all."""
    wanted = expression.strip().casefold()
    for flow in flows:
        if wanted in flow.task.name.casefold() or wanted == str(flow.task.id):
            yield flow


def document_of(flow: Exposed) -> dict[str, Any]:
    """Return the document that runs, or the draft of one that was never published."""
    return dict(flow.task.draft if flow.task.published is None else flow.task.published)


def semicolons(people: Iterable[str]) -> str:
    """Return people the way this wire lists them."""
    return ";".join(people)
