"""The permission rules."""

from ..domain.errors import PermissionDenied
from ..domain.operations import Operation
from ..domain.records import Principal


def require(principal: Principal, operation: Operation) -> None:
    """Raise PermissionDenied unless the operation is granted to the caller on at least one task.

    Whether it is granted on a particular task is asked with `Principal.may`; where it is not, callers are told what
    they would be told of a task that does not exist.
    """
    if not principal.may(operation):
        raise PermissionDenied(f"{principal.name} has no grant for '{operation}'.")


def require_everywhere(principal: Principal, operation: Operation) -> None:
    """Raise PermissionDenied unless the operation is granted without a limit to tasks or folders."""
    if not principal.may_everywhere(operation):
        raise PermissionDenied(f"{principal.name} has no grant for '{operation}'.")
