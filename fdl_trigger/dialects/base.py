"""What a dialect is handed, and what it promises: the way one family of callers speaks on the wire."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Protocol

from flask import Response
from flask_smorest import Api

from ..auth.admission import CLIENT, Admission
from ..auth.login import Logins
from ..core.connections import ConnectionService
from ..core.exposure import ExposureService
from ..core.flow_people import FlowPeople
from ..core.instances import InstanceService
from ..core.numbering import NumberService
from ..core.own_keys import OwnKeys
from ..core.reruns import RerunService
from ..core.schedules import ScheduleService
from ..core.searching import SearchService
from ..core.tasks import TaskService
from ..core.watching import WatchService
from ..domain.applications import Application
from ..domain.clock import Clock
from ..domain.errors import TriggerError

__all__ = ["CLIENT", "Dialect", "DirectView", "MountedDialect", "Services"]

DirectView = Callable[[dict[str, Any], Callable[[], bytes]], Response]
"""Answers a request from its WSGI environment and its body alone, so that it may be served without the framework."""


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases and plain values a dialect works with.

    `instances` is asked for each time: the use cases come into being when the runtime starts, which may be after the
    dialect is mounted. `logins` knows who a token stands for, `operator` returns the name of the user a caller names as
    the operating one (AuthenticationFailed when there is none). `threads` is how many requests the server serves at a
    time, `zone` the zone of times without one (None: the system's), `cors_origins` the origins of pages that may call
    with any application, `options` the dialect's own section of the settings. In `direct` a dialect may enter views of
    calls that come often, by method and path; each has a route as well, which answers the same.
    """

    instances: Callable[[], InstanceService]
    watching: Callable[[], WatchService]
    tasks: Callable[[], TaskService]
    reruns: Callable[[], RerunService]
    exposure: Callable[[], ExposureService]
    search: Callable[[], SearchService]
    numbers: Callable[[], NumberService]
    flow_people: Callable[[], FlowPeople]
    own_keys: Callable[[], OwnKeys]
    clock: Clock
    schedules: Callable[[], ScheduleService]
    connections: Callable[[], ConnectionService]
    applications: Callable[[], Iterable[Application]]
    admission: Admission
    logins: Logins
    operator: Callable[[str], str]
    threads: int = 16
    cross_domain_login: bool = True
    zone: tzinfo | None = None
    cors_origins: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    direct: dict[tuple[str, str], DirectView] = field(default_factory=dict)


class MountedDialect(Protocol):
    """A dialect at work in one Flask application."""

    prefixes: tuple[str, ...]

    def register(self, api: Api) -> None:
        """Add the routes and their documentation."""

    def render_error(self, error: TriggerError) -> Response:
        """Return the answer for an error, in this wire's envelope."""


class Dialect(Protocol):
    """An entry of DIALECTS."""

    def mount(self, services: Services) -> MountedDialect:
        """Build the dialect; `services.options` holds its own section of the settings."""
