"""The open platform as a blueprint: one route a path, one flow for all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import flask
from flask import Response, request
from flask_smorest import Api, Blueprint
from marshmallow import Schema

from ...auth.permissions import permits, public
from ...domain.errors import TriggerError
from ..base import Services
from . import answers
from .actions import Actions, Caller
from .cors import Cors
from .login import LoginRoutes
from .operations import APPLICATION_ROOT, EXTENSIONS, LOGIN_ROOT, OPERATIONS, WireOperation
from .platform_login import PlatformLogin, missing
from .requests import Query, merge, read_body, read_operator, read_query, with_headers
from .schemas import argument_schema, load
from .spec import document, security_schemes

MODULE = LOGIN_ROOT.removeprefix(APPLICATION_ROOT)
View = Callable[..., Response]
Admit = Callable[[dict[str, Any], Query], Caller]
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
        self._actions = Actions(
            services.instances, services.watching, services.threads // 2, follow_s=self._options.wait_max_s
        )
        self._cors = Cors(services.cors_origins, services.applications)
        self._platform_login = PlatformLogin(services.logins, services.admission)
        self._login_routes = LoginRoutes(
            services.logins,
            cross_domain=services.cross_domain_login,
            business_http_status=self._options.business_http_status,
        )
        self.prefixes = self._options.prefixes

    def register(self, api: Api) -> None:
        """Add the routes and their documentation."""
        security_schemes(api.spec)
        blueprint = self._blueprint()
        for number, prefix in enumerate(self.prefixes):
            name = f"finedatalink-{number}" if number else "finedatalink"
            api.register_blueprint(blueprint, url_prefix=prefix + APPLICATION_ROOT, name=name)
            self._login_routes.register(api, prefix, number)

    def render_error(self, error: TriggerError) -> Response:
        """Return the answer for an error, in the envelope of section 7.4."""
        response = answers.failure(error, business_http_status=self._options.business_http_status)
        return self._cors.decorate(request.environ, response)

    def _blueprint(self) -> Blueprint:
        blueprint = Blueprint("finedatalink", __name__, description="FineDataLink open platform: scheduled tasks")
        options, zone = self._options, self._services.zone
        for wire in (*OPERATIONS, *EXTENSIONS):
            schema = argument_schema(wire, zone, options.list_limit, options.wait_max_s)
            view = self._view(wire, schema, self._admit)
            self._add(blueprint, wire, "", wire.name, document(wire, schema)(view))
            view = self._view(wire, schema, self._platform_login.admit)
            self._add(blueprint, wire, MODULE, f"{wire.name}_login", document(wire, schema, by_token=True)(view))
        self._refuse_the_rest(blueprint)
        return blueprint

    def _add(self, blueprint: Blueprint, wire: WireOperation, root: str, name: str, view: View) -> None:
        for path in wire.paths:
            blueprint.add_url_rule(
                root + path, endpoint=name, view_func=view, methods=list(wire.methods), tags=["FineDataLink"]
            )

    def _refuse_the_rest(self, blueprint: Blueprint) -> None:
        @public("below module/ there is nothing else, which is told only to whoever has a token")
        def refuse(**path: str) -> Response:
            try:
                self._platform_login.admit(request.environ, read_query(request.environ.get("QUERY_STRING", "")))
            except TriggerError as error:
                self._services.admission.refused(request.environ, "module", error)
                return self.render_error(error)
            return self.render_error(missing(path, request.method))

        for path in (MODULE, f"{MODULE}/", f"{MODULE}/<path:rest>"):
            # Past flask-smorest, which would document it.
            flask.Blueprint.add_url_rule(blueprint, path, f"login{len(path)}", refuse, methods=_ALL_METHODS)

    def _view(self, wire: WireOperation, schema: Schema, admit: Admit) -> View:
        names = tuple(schema.fields)
        action = self._actions.of(wire)

        def answer(**path: str) -> Response:
            environ = request.environ
            if environ["REQUEST_METHOD"] == "OPTIONS":
                return self._cors.preflight(request)
            try:
                query = read_query(environ.get("QUERY_STRING", ""))
                caller = admit(environ, query)
                values = with_headers(merge(names, path, read_body(request.get_data()), query), names, environ)
                result = action(load(schema, values), caller)
                response = answers.event_stream(result) if wire.streams else answers.success(result)
            except TriggerError as error:
                self._services.admission.refused(environ, f"task.{wire.operation}", error)
                return self.render_error(error)
            return self._cors.decorate(environ, response)

        return permits(wire.operation)(answer)

    def _admit(self, environ: dict[str, Any], query: Query) -> Caller:
        def operator() -> str | None:
            named = read_operator(environ.get("HTTP_DECUSER"), query)
            return None if named is None else self._services.operator(named)

        admitted = self._services.admission.admit(environ, query, operator=operator, body=request.get_data)
        return Caller(admitted.principal, admitted.operator)
