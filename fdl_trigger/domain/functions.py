"""Functions of an embedding program that tasks may call: `@task("name")` puts one into the list."""

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""Every function tasks may call, by its name."""


def task(name: str) -> Callable[[Function], Function]:
    """Let nodes of type FUNCTION call the decorated function under this name.

    It runs on a thread of the service with the node's `args` as keyword arguments. One with a parameter `context` is
    handed the NodeContext: `context.log` writes to the run log, `context.check` and `context.sleep` notice a stop.
    Raises ValueError when another function has the name.
    """

    def register(function: Function) -> Function:
        known = FUNCTIONS.get(name)
        if known is not None and _place(known) != _place(function):
            raise ValueError(f"the function {'.'.join(_place(known))} already has the name '{name}'")
        FUNCTIONS[name] = function
        return function

    return register


def _place(function: Callable[..., Any]) -> tuple[str, str]:
    return function.__module__, function.__qualname__
