"""What a dialect is handed, and what it promises: the way one family of callers speaks on the wire."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Protocol

from flask import Response
from flask_smorest import Api

from ..auth import Rates
from ..core.instances import InstanceService
from ..domain.clock import Clock
from ..domain.errors import TriggerError
from ..domain.records import Application

CLIENT = "fdl_trigger.client"
"""The key of the WSGI environment under which a dialect leaves the id of the application it let in, for the log."""


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases and plain values a dialect works with.

    `instances` is asked for each time: the use cases come into being when the runtime starts, which may be after the
    dialect is mounted. `threads` is how many requests the server serves at a time, `zone` the zone of times without
    one (None: the system's), `cors_origins` the origins of pages that may call with any application, `options` the
    dialect's own section of the settings.
    """

    instances: Callable[[], InstanceService]
    find_application: Callable[[str], Application | None]
    applications: Callable[[], Iterable[Application]]
    rates: Rates
    clock: Clock
    threads: int = 16
    zone: tzinfo | None = None
    cors_origins: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


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
