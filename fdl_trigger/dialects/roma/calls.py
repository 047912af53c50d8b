"""A call as the actions see it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...domain.errors import InvalidParameter
from ...domain.operations import Operation
from ...domain.records import Principal

Path = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks, the variable parts of the path, the JSON body, and the parameters of the query."""

    principal: Principal
    path: Path
    body: Mapping[str, Any]
    query: Mapping[str, list[str]]

    def params(self) -> dict[str, str]:
        """Return the query parameters; raises InvalidParameter for one that comes twice. Empty ones do not count."""
        for name, values in self.query.items():
            if len(values) > 1:
                raise InvalidParameter(f"{name}: is given {len(values)} times in the query; send it once.")
        return {name: values[0] for name, values in self.query.items() if values[0]}


class Reply(NamedTuple):
    """The HTTP status and the payload of an answer; None is no body."""

    status: int
    payload: Any


Action = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """One call of the surface; `path` counts from `/v2/<project_id>`."""

    name: str
    summary: str
    method: str
    path: str
    operation: Operation
    action: Action
