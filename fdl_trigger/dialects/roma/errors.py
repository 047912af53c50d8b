"""Errors on this wire: a code and an HTTP status for every domain code.

The APIC codes are the vendor's (roma-scheduled-calls.md section 6), the FDLT ones our own; below `/fdi/` these are
told as FDI codes.
"""

from dataclasses import dataclass

from ...domain.errors import TriggerError


@dataclass(frozen=True, slots=True)
class RomaError:
    """How an error is told."""

    error_code: str
    status: int


ERRORS: dict[str, RomaError] = {
    "token_missing": RomaError("APIC.0301", 401),
    "token_expired": RomaError("APIC.0301", 401),
    "token_invalid": RomaError("APIC.0301", 401),
    "login_failed": RomaError("APIC.0301", 401),
    "authentication_failed": RomaError("APIC.0303", 401),
    "credential_expired": RomaError("APIC.0303", 401),
    "permission_denied": RomaError("APIC.0304", 403),
    "path_not_found": RomaError("APIC.0101", 404),
    "method_not_allowed": RomaError("APIC.0101", 405),
    "request_too_large": RomaError("APIC.0201", 413),
    "rate_limited": RomaError("APIC.0308", 429),
    "login_throttled": RomaError("APIC.0308", 429),
    "invalid_request": RomaError("FDLT.4001", 400),
    "invalid_parameter": RomaError("FDLT.4002", 400),
    "definition_invalid": RomaError("FDLT.4003", 400),
    "task_not_found": RomaError("FDLT.4041", 404),
    "task_not_published": RomaError("FDLT.4042", 404),
    "instance_not_found": RomaError("FDLT.4043", 404),
    "user_not_found": RomaError("FDLT.4044", 404),
    "object_not_found": RomaError("FDLT.4045", 404),
    "task_disabled": RomaError("FDLT.4091", 409),
    "already_running": RomaError("FDLT.4092", 409),
    "instance_finished": RomaError("FDLT.4093", 409),
    "nothing_running": RomaError("FDLT.4094", 409),
    "instance_not_finished": RomaError("FDLT.4095", 409),
    "idempotency_conflict": RomaError("FDLT.4096", 409),
    "internal_error": RomaError("FDLT.5001", 500),
    "queue_full": RomaError("FDLT.5031", 503),
    "shutting_down": RomaError("FDLT.5032", 503),
    "store_unavailable": RomaError("FDLT.5033", 503),
}


def wire_error(error: TriggerError) -> RomaError:
    """Return how to tell an error; one without an entry is told as an internal error."""
    return ERRORS.get(error.code, ERRORS["internal_error"])
