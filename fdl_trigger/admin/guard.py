"""What stands before every view: a known caller with the permission the view declares, and a body that can be read."""

from flask import current_app, request

from ..auth.admission import CLIENT
from ..auth.permissions import ByAction, Public, permission_of
from ..core.permissions import require, require_everywhere
from ..domain.errors import PermissionDenied, TokenMissing
from ..domain.operations import Operation
from ..logs import request_id
from .bodies import check_body
from .services import PRINCIPAL, services

# What these rule has no folder: somebody limited to folders may not rule it.
_WHOLE = frozenset({Operation.MANAGE_ACCESS, Operation.READ_AUDIT})


def guard() -> None:
    """Let the request through or raise AuthenticationFailed, PermissionDenied or InvalidRequest."""
    permission = permission_of(current_app.view_functions[request.endpoint or ""])
    if permission is None or isinstance(permission, ByAction):
        raise PermissionDenied("This route declares no permission of its own.")
    if not isinstance(permission, Public):
        _admit(permission)
    check_body(request)


def _admit(operation: Operation) -> None:
    principal = services().logins.authenticate(_bearer(), request.remote_addr or "", request_id.get())
    request.environ[CLIENT] = principal.name
    (require_everywhere if operation in _WHOLE else require)(principal, operation)
    request.environ[PRINCIPAL] = principal


def _bearer() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenMissing("Log in at POST /api/admin/tokens and send the token as 'Authorization: Bearer ...'.")
    return token.strip()
