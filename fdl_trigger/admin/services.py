"""What the views of the admin API work with."""

from dataclasses import dataclass
from typing import Any

from flask import current_app, request

from ..auth.login import Logins
from ..auth.refusals import Refusals
from ..domain.clock import Clock
from ..domain.records import Principal
from ..runtime import Runtime

EXTENSION = "fdl_trigger.admin"
PRINCIPAL = "fdl_trigger.principal"


@dataclass(frozen=True, slots=True)
class AdminServices:
    """The runtime with its use cases, how users log in, and where refusals are written down."""

    runtime: Runtime
    logins: Logins
    refusals: Refusals
    clock: Clock


def services() -> AdminServices:
    """Return the services of the application that answers the current request."""
    found: AdminServices = current_app.extensions[EXTENSION]
    return found


def runtime() -> Runtime:
    """Return the runtime of the application that answers the current request."""
    return services().runtime


def caller() -> Principal:
    """Return who sent the current request."""
    found: Principal = request.environ[PRINCIPAL]
    return found


Json = dict[str, Any]
