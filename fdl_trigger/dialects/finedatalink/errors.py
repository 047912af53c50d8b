"""Errors on this wire: an eight-digit `errorCode` and an HTTP status for every domain code.

The vendor's numbers are unknown, so the 62... are our own. The others are the platform's codes around its login
(finedatalink-open-platform.md section 8.7).
"""

from dataclasses import dataclass

from ...domain.errors import TriggerError


@dataclass(frozen=True, slots=True)
class WireError:
    """How an error is told. A business failure is answered with 200 unless the settings ask for `status`."""

    error_code: str
    status: int
    is_business: bool = True


ERRORS: dict[str, WireError] = {
    "login_throttled": WireError("11300015", 429, is_business=False),
    "token_expired": WireError("21300001", 401, is_business=False),
    "login_failed": WireError("21300007", 401),
    "token_missing": WireError("21300014", 401, is_business=False),
    "token_invalid": WireError("21300019", 401, is_business=False),
    "invalid_request": WireError("62400001", 400),
    "invalid_parameter": WireError("62400002", 400),
    "definition_invalid": WireError("62400003", 400),
    "authentication_failed": WireError("62401001", 401, is_business=False),
    "credential_expired": WireError("62401002", 401, is_business=False),
    "permission_denied": WireError("62403001", 403, is_business=False),
    "path_not_found": WireError("62404001", 404, is_business=False),
    "task_not_found": WireError("62404002", 404),
    "task_not_published": WireError("62404003", 404),
    "instance_not_found": WireError("62404004", 404),
    "user_not_found": WireError("62404005", 404),
    "object_not_found": WireError("62404006", 404),
    "method_not_allowed": WireError("62405001", 405, is_business=False),
    "task_disabled": WireError("62409001", 409),
    "already_running": WireError("62409002", 409),
    "instance_finished": WireError("62409003", 409),
    "nothing_running": WireError("62409004", 409),
    "instance_not_finished": WireError("62409005", 409),
    "idempotency_conflict": WireError("62409006", 409),
    "request_too_large": WireError("62413001", 413, is_business=False),
    "rate_limited": WireError("62429001", 429, is_business=False),
    "internal_error": WireError("62500001", 500, is_business=False),
    "queue_full": WireError("62503001", 503),
    "shutting_down": WireError("62503002", 503),
    "store_unavailable": WireError("62503003", 503),
}


def wire_error(error: TriggerError) -> WireError:
    """Return how to tell an error; one without an entry is told as an internal error."""
    return ERRORS.get(error.code, ERRORS["internal_error"])
