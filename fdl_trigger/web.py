"""The door: one Flask application that mounts the dialects, tells the health, and answers every mistake cleanly."""

import dataclasses
import json
import logging
from collections.abc import Callable, Mapping
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import flask_smorest
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from . import __version__
from .access_log import watch
from .admin import Admin, AdminServices, mount_documentation
from .auth import Rates
from .auth.admission import Admission
from .auth.failed_logins import FailedLogins
from .auth.login import Logins
from .auth.permissions import public
from .auth.proxies import TrustedProxies
from .auth.refusals import Refusals
from .auth.throttle import LoginThrottle
from .config import Settings
from .dialects import DIALECTS, MountedDialect, Services
from .direct import Direct
from .domain.clock import Clock, system_clock
from .domain.definition import flatten
from .domain.errors import (
    InternalError,
    InvalidParameter,
    InvalidRequest,
    MethodNotAllowed,
    PathNotFound,
    RequestTooLarge,
    TriggerError,
)
from .runtime import Runtime

log = logging.getLogger(__name__)

_HTTP_ERRORS: dict[int, type[TriggerError]] = {404: PathNotFound, 405: MethodNotAllowed, 413: RequestTooLarge}
_STATUSES = {"path_not_found": 404, "method_not_allowed": 405, "request_too_large": 413, "internal_error": 500}


def create_app(runtime: Runtime, *, clock: Clock = system_clock) -> Flask:
    """Return the WSGI application over a runtime; starting and stopping the runtime is the caller's business.

    `clock` tells how old a signature is.
    """
    settings = runtime.settings
    app = Flask("fdl_trigger", static_folder=None)
    app.url_map.merge_slashes = False  # a redirect would leave the envelope, and callers do not follow it
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the provider Flask comes with has it
    app.config.update(
        MAX_CONTENT_LENGTH=settings.server.max_body_bytes,
        API_TITLE="fdl-trigger",
        API_VERSION=__version__,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        PROVIDE_AUTOMATIC_OPTIONS=False,  # a route answers the methods it declares
    )
    watch(app)
    _mount_static(app)
    _mount_health(app, runtime)
    mount_documentation(app)
    api = _Api(app)
    logins = _logins(runtime, clock)
    services = _services(runtime, clock, logins)
    api.mount(services, settings)
    api.add(Admin(app, AdminServices(runtime, logins, _refusals(runtime), clock)))
    _add_layers(app, services, settings)
    return app


def _add_layers(app: Flask, services: Services, settings: Settings) -> None:
    layered: Callable[..., Any] = Direct(app, services.direct, settings.server.max_body_bytes)
    if settings.server.trusted_proxies:
        layered = TrustedProxies(layered, settings.server.trusted_proxies)
    app.wsgi_app = layered  # type: ignore[method-assign]  # Flask's own way to add a layer


def static_folder() -> Path | None:
    """Return the directory of the static files: in the package when installed, beside it in a checkout."""
    package = Path(__file__).parent
    return next((path for path in (package / "static", package.parent / "static") if path.is_dir()), None)


class _Api(flask_smorest.Api):  # type: ignore[misc]  # flask-smorest has no types
    """Mounts the dialects and tells every error in the envelope of the dialect whose prefix the path carries."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self, app: Flask) -> None:
        self._dialects: dict[str, MountedDialect] = {}
        super().__init__(app)
        app.register_error_handler(Exception, self._on_exception)

    def mount(self, services: Services, settings: Settings) -> None:
        """Mount every dialect with its own section of the settings."""
        for name, dialect in DIALECTS.items():
            options = dataclasses.asdict(getattr(settings, name))
            self.add(dialect.mount(dataclasses.replace(services, options=options)))

    def add(self, mounted: MountedDialect) -> None:
        """Mount one part: its routes, and its envelope for errors under its prefixes."""
        mounted.register(self)
        self._dialects.update(dict.fromkeys(mounted.prefixes, mounted))

    def handle_http_exception(self, error: HTTPException) -> Response | HTTPException:
        """Answer what the framework refused: unknown paths, wrong methods, over-long or broken requests."""
        return error if isinstance(error, RequestRedirect) else self._render(_as_trigger_error(error))

    @cached_property
    def _description(self) -> str:
        return json.dumps(self.spec.to_dict(), ensure_ascii=False)

    @public("it describes the API, it holds no data")
    def _openapi_json(self) -> Response:
        return Response(self._description, content_type="application/json")

    def _on_exception(self, error: Exception) -> Response:
        if isinstance(error, TriggerError):
            return self._render(error)
        log.error("%s %s failed", request.method, ascii(request.path), exc_info=error)
        return self._render(InternalError())

    def _render(self, error: TriggerError) -> Response:
        for prefix, dialect in self._dialects.items():
            if request.path == prefix or request.path.startswith(f"{prefix}/"):
                return dialect.render_error(error)
        return _plain(error)


def _as_trigger_error(error: HTTPException) -> TriggerError:
    kind = _HTTP_ERRORS.get(error.code or 500)
    if kind is MethodNotAllowed:
        allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        return MethodNotAllowed(f"This path takes {allowed}.", allow=allowed)
    if kind is not None:
        return kind()
    if error.code == HTTPStatus.UNPROCESSABLE_ENTITY:
        return _invalid(getattr(error, "data", {}).get("messages", {}))
    return InternalError() if (error.code or 500) >= 500 else InvalidRequest(error.description)


def _invalid(messages: Mapping[str, Any]) -> InvalidParameter:
    """Return the mistakes a schema found, by their keys; `messages` holds them by where they were read from."""
    problems = [problem for found in messages.values() for problem in flatten(found)]
    return InvalidParameter("; ".join(f"{key}: {reason}" for key, reason in problems) or None, problems=problems)


def _plain(error: TriggerError) -> Response:
    response = _json({"error": error.code, "message": error.message}, _STATUSES.get(error.code, 400))
    if "allow" in error.details:
        response.headers["Allow"] = str(error.details["allow"])
    return response


def _logins(runtime: Runtime, clock: Clock) -> Logins:
    settings = runtime.settings.login
    throttle = LoginThrottle(settings.name_rate, settings.address_rate)
    return Logins(lambda: runtime.users, lambda: runtime.sessions, throttle, clock, settings.timeout_s)


def _services(runtime: Runtime, clock: Clock, logins: Logins) -> Services:
    settings = runtime.settings
    zone = settings.engine.time_zone
    return Services(
        instances=lambda: runtime.instances,
        watching=lambda: runtime.watching,
        tasks=lambda: runtime.tasks,
        reruns=lambda: runtime.reruns,
        exposure=lambda: runtime.exposure,
        search=lambda: runtime.search,
        numbers=lambda: runtime.numbers,
        flow_people=lambda: runtime.flow_people,
        own_keys=lambda: runtime.own_keys,
        clock=clock,
        schedules=lambda: runtime.schedules,
        connections=lambda: runtime.connections,
        applications=lambda: runtime.access.list(),
        admission=_admission(runtime, clock),
        logins=logins,
        cross_domain_login=settings.login.cross_domain,
        operator=lambda name: runtime.users.operator(name),
        threads=settings.server.threads,
        zone=ZoneInfo(zone) if zone else None,
        cors_origins=settings.server.cors_origins,
    )


def _admission(runtime: Runtime, clock: Clock) -> Admission:
    limits = runtime.settings.limits
    return Admission(
        lambda: runtime.access,
        lambda: runtime.keys,
        Rates(limits.page_rate, limits.application_rate),
        FailedLogins(limits.failed_logins),
        _refusals(runtime),
        clock,
    )


def _refusals(runtime: Runtime) -> Refusals:
    return Refusals(lambda entry: runtime.store.audit.post(entry), explains=runtime.settings.diagnosis.enabled)


def _mount_static(app: Flask) -> None:
    folder = static_folder()
    if folder is None:
        return
    app.static_folder = str(folder)

    @app.get("/static/<path:filename>", endpoint="static")
    @public("scripts and styles hold no secrets")
    def static(filename: str) -> Response:
        return app.send_static_file(filename)


def _mount_health(app: Flask, runtime: Runtime) -> None:
    @app.get("/healthz")
    @public("it says only that the process answers")
    def health() -> Response:
        return _json({"status": "ok", "version": __version__}, 200)

    @app.get("/readyz")
    @public("probes have no credentials; it names failing checks")
    def readiness() -> Response:
        problems = runtime.readiness()
        if problems:
            return _json({"status": "not ready", "problems": problems}, 503)
        return _json({"status": "ready", "version": __version__}, 200)


def _json(payload: dict[str, Any], status: int) -> Response:
    return Response(json.dumps(payload, ensure_ascii=False), status, content_type="application/json")
