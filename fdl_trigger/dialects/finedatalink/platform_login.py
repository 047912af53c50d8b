"""The regime under `module/`: whoever holds a token acts as its user, applications play no role (section 8.1)."""

from collections.abc import Mapping
from typing import Any

from werkzeug.exceptions import MethodNotAllowed as WrongMethod
from werkzeug.exceptions import NotFound
from werkzeug.routing import Map, Rule

from ...auth.admission import Admission
from ...auth.login import Logins
from ...auth.token import find_token, fingerprint
from ...domain.errors import AuthenticationFailed, MethodNotAllowed, PathNotFound, TriggerError
from ...logs import request_id
from ..bodies import Query
from .actions import Caller
from .operations import OPERATIONS

NO_TOKEN = "no token"  # noqa: S105 - how the audit log tells it
_ROUTES = Map([Rule(path, endpoint=wire.name, methods=wire.methods) for wire in OPERATIONS for path in wire.paths])


class PlatformLogin:
    """Lets callers in by their token."""

    def __init__(self, logins: Logins, admission: Admission) -> None:
        self._logins = logins
        self._admission = admission

    def admit(self, environ: dict[str, Any], query: Query) -> Caller:
        """Return the user behind a request, who is also its operator whatever `decUser` says.

        Raises TokenMissing, TokenExpired, TokenInvalid, and RateLimited for a token that keeps failing.
        """
        try:
            token = find_token(environ, query)
        except AuthenticationFailed:
            self._admission.expect(environ, NO_TOKEN)
            raise
        self._admission.expect(environ, fingerprint(token))
        principal = self._logins.authenticate(token, str(environ.get("REMOTE_ADDR", "")), request_id.get())
        self._admission.recognised(environ, principal.name)
        return Caller(principal, principal.name)


def missing(path: Mapping[str, str], method: str) -> TriggerError:
    """Return the error for a path below `module/` that is no operation, or not with this method."""
    try:
        _ROUTES.bind("").match(f"/{path.get('rest', '')}", method)
    except WrongMethod as error:
        allowed = ", ".join(sorted(error.valid_methods or ()))
        return MethodNotAllowed(f"This path takes {allowed}.", allow=allowed)
    except NotFound:
        return PathNotFound()
    return PathNotFound()
