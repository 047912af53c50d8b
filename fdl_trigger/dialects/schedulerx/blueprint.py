"""The one endpoint: every action comes to the same path, by GET or POST (schedulerx.md section 1)."""

import hmac
from collections.abc import Callable
from typing import Any

from flask import Response, request
from flask_smorest import Api, Blueprint

from ...auth import aliyun
from ...auth.permissions import public
from ...domain.errors import MethodNotAllowed, PathNotFound, TriggerError
from ...domain.records import Principal
from ..base import Services
from . import answers
from .actions import Action, actions_of
from .arguments import Arguments
from .lookup import Caller
from .requests import Call, answer_format, read_call, require_format
from .spec import DOCUMENTATION

_METHODS = ("GET", "POST")


class SchedulerX:
    """The endpoint under each prefix; `/` is where SDKs call that were given host and port only."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._actions = actions_of(services)
        self._token = str(services.options.get("security_token", ""))
        self.prefixes = tuple(prefix.rstrip("/") or "/" for prefix in services.options.get("prefixes", ("/",)))

    def register(self, api: Api) -> None:
        """Add the routes and their documentation."""
        blueprint = Blueprint("schedulerx", __name__, description="SchedulerX 2.0 jobs")
        view = Blueprint.doc(**DOCUMENTATION)(
            public("each action asks for its own right, of the key that signs")(self._view)
        )
        for prefix in self.prefixes:
            path = "/" if prefix == "/" else f"{prefix}/"
            blueprint.add_url_rule(
                path, endpoint="call", view_func=view, methods=list(_METHODS), strict_slashes=False, tags=["SchedulerX"]
            )
            self._services.direct.update(dict.fromkeys(((method, path) for method in _METHODS), self._respond))
        api.register_blueprint(blueprint)

    def render_error(self, error: TriggerError) -> Response:
        """Return the answer for an error the framework found."""
        return _failure(request.environ, error)

    def _view(self) -> Response:
        return self._respond(request.environ, request.get_data)

    def _respond(self, environ: dict[str, Any], body: Callable[[], bytes]) -> Response:
        call, action = None, None
        try:
            if environ["REQUEST_METHOD"] not in _METHODS:
                raise MethodNotAllowed("This path takes GET, POST.", allow="GET, POST")
            call = read_call(environ, body())
            caller, action = self._admit(call)
            return answers.success(action.run(caller), action.name, _form(call))
        except TriggerError as error:
            operation = action.operation if action else "call"
            self._services.admission.refused(environ, f"task.{operation}", error)
            return _failure(environ, error, call, action.name if action else "Error")

    def _admit(self, call: Call) -> tuple[Caller, Action]:
        """Check what section 4 names, in its order; raises AuthenticationFailed, InvalidParameter, RateLimited."""
        require_format(call.values)
        name = call.action()
        call.require_version()
        principal = self._principal(call)
        if name not in self._actions:
            raise PathNotFound(f"Specified api is not found: there is no action {name[:80]}.")
        return Caller(principal, Arguments(call.values)), self._actions[name]

    def _principal(self, call: Call) -> Principal:
        signed = call.signed()
        principal = self._services.admission.admit_by(
            call.environ, signed.access_key_id, lambda application, now_ms: aliyun.verify(signed, application, now_ms)
        )
        token = call.security_token()
        if self._token and token is not None and not _equal(self._token, token):
            code = "InvalidSecurityToken.MismatchWithAccessKey"
            raise aliyun.refuse(code, "The security token does not belong to the access key.")
        return principal


def _failure(environ: dict[str, Any], error: TriggerError, call: Call | None = None, action: str = "Error") -> Response:
    form = _form(call) if call else answer_format(environ, environ.get("QUERY_STRING", ""), None)
    return answers.failure(error, str(environ.get("HTTP_HOST", "")), action, form)


def _form(call: Call) -> str:
    return answer_format(call.environ, "", call.values)


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="replace"), other.encode(errors="replace"))
