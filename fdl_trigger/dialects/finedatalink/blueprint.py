"""The open platform as a blueprint: one route a path, one flow for all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import flask
from flask import Response, request
from flask_smorest import Api, Blueprint

from ...auth.permissions import permits, public
from ...domain.errors import AuthenticationFailed, TriggerError
from ..base import Services
from . import answers
from .actions import Actions, Caller
from .cors import Cors
from .operations import APPLICATION_ROOT, LOGIN_ROOT, OPERATIONS, WireOperation
from .requests import merge, read_body, read_operator, read_query
from .schemas import argument_schema, load
from .spec import document, security_schemes

_ALL_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Options:
    """The settings of this dialect; see `fdl_trigger.config.FineDataLinkSettings`."""

    prefixes: tuple[str, ...] = ("/webroot/decision", "/decision")
    business_http_status: bool = False
    wait_max_s: float = 60.0
    list_limit: int = 100

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Options":
        """Take what concerns the dialect from its section of the settings."""
        names = {item.name for item in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in names})


class OpenPlatform:
    """The eight operations, mounted under each prefix."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._options = Options.of(services.options)
        self._actions = Actions(services.instances, waiting_calls=services.threads // 2)
        self._cors = Cors(services.cors_origins, services.applications)
        self.prefixes = self._options.prefixes

    def register(self, api: Api) -> None:
        """Add the routes and their documentation."""
        security_schemes(api.spec)
        blueprint = self._blueprint()
        for number, prefix in enumerate(self.prefixes):
            name = f"finedatalink-{number}" if number else "finedatalink"
            api.register_blueprint(blueprint, url_prefix=prefix + APPLICATION_ROOT, name=name)

    def render_error(self, error: TriggerError) -> Response:
        """Return the answer for an error, in the envelope of section 7.4."""
        response = answers.failure(error, business_http_status=self._options.business_http_status)
        return self._cors.decorate(request.environ, response)

    def _blueprint(self) -> Blueprint:
        blueprint = Blueprint("finedatalink", __name__, description="FineDataLink open platform: scheduled tasks")
        for wire in OPERATIONS:
            view = self._view(wire)
            for path in wire.paths:
                blueprint.add_url_rule(
                    path, endpoint=wire.name, view_func=view, methods=list(wire.methods), tags=["FineDataLink"]
                )
        self._refuse_platform_login(blueprint)
        return blueprint

    def _refuse_platform_login(self, blueprint: Blueprint) -> None:
        @public("it refuses everybody")
        def refuse(**_: str) -> Response:
            reason = "Platform-login authentication is not available; call /sp/client/api/ with an application."
            return self.render_error(AuthenticationFailed(reason))

        module = LOGIN_ROOT.removeprefix(APPLICATION_ROOT)
        for path in (module, f"{module}/", f"{module}/<path:rest>"):
            # Past flask-smorest, which would document it.
            flask.Blueprint.add_url_rule(blueprint, path, f"login{len(path)}", refuse, methods=_ALL_METHODS)

    def _view(self, wire: WireOperation) -> Callable[..., Response]:
        options = self._options
        schema = argument_schema(wire, self._services.zone, options.list_limit, options.wait_max_s)
        names = tuple(schema.fields)
        action = self._actions.of(wire)

        def answer(**path: str) -> Response:
            environ = request.environ
            if environ["REQUEST_METHOD"] == "OPTIONS":
                return self._cors.preflight(request)
            try:
                query = read_query(environ.get("QUERY_STRING", ""))
                admitted = self._services.admission.admit(
                    environ,
                    query,
                    operator=lambda: read_operator(environ.get("HTTP_DECUSER"), query),
                    body=request.get_data,
                )
                values = merge(names, path, read_body(request.get_data()), query)
                caller = Caller(admitted.principal, admitted.operator)
                response = answers.success(action(load(schema, values), caller))
            except TriggerError as error:
                self._services.admission.refused(environ, f"task.{wire.operation}", error)
                return self.render_error(error)
            return self._cors.decorate(environ, response)

        return permits(wire.operation)(document(wire, schema)(answer))
