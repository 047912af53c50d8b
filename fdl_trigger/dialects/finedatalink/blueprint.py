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
from ..bodies import Query, read_body, read_query
from . import answers
from .actions import Actions, Caller
from .cors import Cors
from .login import LoginRoutes
from .operations import APPLICATION_ROOT, EXTENSIONS, LOGIN_ROOT, OPERATIONS, WireOperation
from .platform_login import PlatformLogin, missing
from .requests import merge, read_operator, with_headers
from .schemas import argument_schema, load
from .spec import document, security_schemes

MODULE = LOGIN_ROOT.removeprefix(APPLICATION_ROOT)
View = Callable[..., Response]
Body = Callable[[], bytes]
Admit = Callable[[dict[str, Any], Query, Body], Caller]
Respond = Callable[[dict[str, Any], Mapping[str, str], Body], Response]
OFTEN = frozenset({"execute_by_id", "execute_by_name", "record_info"})
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
        return self._failure(request.environ, error)

    def _failure(self, environ: dict[str, Any], error: TriggerError) -> Response:
        response = answers.failure(error, business_http_status=self._options.business_http_status)
        return self._cors.decorate(environ, response)

    def _blueprint(self) -> Blueprint:
        blueprint = Blueprint("finedatalink", __name__, description="FineDataLink open platform: scheduled tasks")
        options, zone = self._options, self._services.zone
        for wire in (*OPERATIONS, *EXTENSIONS):
            schema = argument_schema(wire, zone, options.list_limit, options.wait_max_s)
            respond = self._respond(wire, schema, self._admit)
            self._add(blueprint, wire, "", wire.name, document(wire, schema)(self._view(wire, respond)))
            self._add_direct(wire, respond)
            view = self._view(wire, self._respond(wire, schema, self._admit_by_token))
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

    def _add_direct(self, wire: WireOperation, respond: Respond) -> None:
        """Have the documented path of an operation that is called often served without Flask."""
        if wire.name in OFTEN:
            for prefix in self.prefixes:
                path = prefix + APPLICATION_ROOT + wire.paths[0]
                self._services.direct[wire.methods[0], path] = lambda environ, body: respond(environ, {}, body)

    def _view(self, wire: WireOperation, respond: Respond) -> View:
        def answer(**path: str) -> Response:
            if request.method == "OPTIONS":
                return self._cors.preflight(request)
            return respond(request.environ, path, request.get_data)

        return permits(wire.operation)(answer)

    def _respond(self, wire: WireOperation, schema: Schema, admit: Admit) -> Respond:
        names = tuple(schema.fields)
        action = self._actions.of(wire)

        def respond(environ: dict[str, Any], path: Mapping[str, str], body: Body) -> Response:
            try:
                query = read_query(environ.get("QUERY_STRING", ""))
                caller = admit(environ, query, body)
                values = with_headers(merge(names, path, read_body(body()), query), names, environ)
                result = action(load(schema, values), caller)
                response = answers.event_stream(result) if wire.streams else answers.success(result)
            except TriggerError as error:
                self._services.admission.refused(environ, f"task.{wire.operation}", error)
                return self._failure(environ, error)
            return self._cors.decorate(environ, response)

        return respond

    def _admit(self, environ: dict[str, Any], query: Query, body: Body) -> Caller:
        def operator() -> str | None:
            named = read_operator(environ.get("HTTP_DECUSER"), query)
            return None if named is None else self._services.operator(named)

        admitted = self._services.admission.admit(environ, query, operator=operator, body=body)
        return Caller(admitted.principal, admitted.operator)

    def _admit_by_token(self, environ: dict[str, Any], query: Query, body: Body) -> Caller:
        return self._platform_login.admit(environ, query)
