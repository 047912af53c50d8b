"""The admin API as a whole: mounted beside the dialects, with errors of its own."""

from flask import Flask, Response, request
from flask_smorest import Api

from ..auth.admission import CLIENT
from ..auth.refusals import Attempt
from ..domain.errors import LoginFailed, LoginThrottled, TriggerError
from . import applications, audit, connections, instances, parameters, schedules, tasks, tokens, users
from . import keys as keys  # adds its views to those of the applications
from .problems import problem
from .routing import SECURITY_SCHEME, AdminBlueprint
from .services import EXTENSION, AdminServices, services

PREFIX = "/api/admin"
_PARTS = (applications, users, tokens, tasks, schedules, instances, parameters, connections, audit)


class Admin:
    """Everything an administrator may do, as JSON."""

    prefixes: tuple[str, ...] = (PREFIX,)

    def __init__(self, app: Flask, services: AdminServices) -> None:
        app.extensions[EXTENSION] = services

    def register(self, api: Api) -> None:
        """Add the routes and their documentation."""
        bearer = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        api.spec.components.security_scheme(SECURITY_SCHEME, bearer)
        for part in _PARTS:
            self._register(api, part.blueprint)
        self._register(api, instances.backfills)

    def _register(self, api: Api, blueprint: AdminBlueprint) -> None:
        api.register_blueprint(blueprint, url_prefix=PREFIX + blueprint.url_prefix)

    def render_error(self, error: TriggerError) -> Response:
        """Return the answer for an error; a refusal is written down in the audit log."""
        if not isinstance(error, LoginFailed | LoginThrottled):  # those write themselves down
            found = services()
            attempt = Attempt(found.clock(), request.remote_addr or "", name=request.environ.get(CLIENT, ""))
            found.refusals.record(attempt, _action(), request.path, error)
        return problem(error)


def _action() -> str:
    """Return what the caller wanted, as the audit log calls it: the view of the admin API."""
    return f"admin.{(request.endpoint or 'unknown').rpartition('.')[2]}"
