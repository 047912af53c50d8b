"""What a route asks of its caller, declared on its view; a test refuses routes that declare nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from ..domain.operations import Operation

View = TypeVar("View", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Public:
    """Anybody may call: `reason` says why that is right."""

    reason: str


@dataclass(frozen=True, slots=True)
class ByAction:
    """One path for several operations: a parameter of the request names which, and each asks for something else."""

    parameter: str
    actions: Mapping[str, "Operation | Public"]


Permission = Operation | Public | ByAction


def permits(permission: Permission) -> Callable[[View], View]:
    """Return a decorator that declares what the view asks of its caller."""

    def decorate(view: View) -> View:
        vars(view)["permission"] = permission
        return view

    return decorate


def public(reason: str) -> Callable[[View], View]:
    """Return a decorator that declares a view open to anybody."""
    return permits(Public(reason))


def permission_of(view: Callable[..., object]) -> Permission | None:
    """Return what the view asks of its caller, None when it declares nothing."""
    found: Permission | None = getattr(view, "permission", None)
    return found
