"""Errors on this wire: a whole-number `Code` with HTTP 200 for what the job refuses, a word with 4xx and 5xx otherwise.

The words are those of the gateway (schedulerx.md section 6). The numbers upstream are not published: ours are the HTTP
statuses that would fit.
"""

from dataclasses import dataclass

from ...auth.proof import Check
from ...domain.errors import AuthenticationFailed, TriggerError


@dataclass(frozen=True, slots=True)
class WireError:
    """How an error is told: `code` is a number if and only if `status` is 200."""

    code: int | str
    status: int = 200


ERRORS: dict[str, WireError] = {
    "invalid_request": WireError("InvalidParameter", 400),
    "invalid_parameter": WireError("InvalidParameter", 400),
    "request_too_large": WireError("RequestEntityTooLarge", 413),
    "path_not_found": WireError("InvalidAction.NotFound", 404),
    "method_not_allowed": WireError("UnsupportedHTTPMethod", 405),
    "authentication_failed": WireError("SignatureDoesNotMatch", 400),
    "credential_expired": WireError("InvalidTimeStamp.Expired", 400),
    "login_failed": WireError("InvalidAccessKeyId.NotFound", 404),
    "token_missing": WireError("MissingSecurityToken", 400),
    "token_expired": WireError("InvalidSecurityToken.Expired", 400),
    "token_invalid": WireError("InvalidSecurityToken.Malformed", 400),
    "permission_denied": WireError("Forbidden.RAM", 403),
    "rate_limited": WireError("Throttling.User", 429),
    "login_throttled": WireError("Throttling.User", 429),
    "shutting_down": WireError("ServiceUnavailable", 503),
    "store_unavailable": WireError("ServiceUnavailable", 503),
    "internal_error": WireError("InternalError", 500),
    "definition_invalid": WireError(400),
    "task_not_found": WireError(404),
    "instance_not_found": WireError(404),
    "object_not_found": WireError(404),
    "user_not_found": WireError(404),
    "task_not_published": WireError(409),
    "task_disabled": WireError(409),
    "already_running": WireError(409),
    "instance_finished": WireError(409),
    "instance_not_finished": WireError(409),
    "idempotency_conflict": WireError(409),
    "nothing_running": WireError(409),
    "queue_full": WireError(503),
}

_STATUSES = {"InvalidAccessKeyId.NotFound": 404, "InvalidAction.NotFound": 404}


def wire_error(error: TriggerError) -> WireError:
    """Return how to tell an error; its detail `aliyun` names the code where the domain has only one for several."""
    named = error.details.get("aliyun")
    if isinstance(named, str):
        return WireError(named, _STATUSES.get(named, 400))
    if isinstance(error, AuthenticationFailed) and error.details.get("check") is Check.USED:
        return WireError("SignatureNonceUsed", 400)
    return ERRORS.get(error.code, ERRORS["internal_error"])
