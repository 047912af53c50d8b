"""Errors on this wire: a number and a text for every domain code (enos-flows.md section 6).

A business failure is answered with HTTP 200, since the vendor's SDK throws away the body of every other answer.
"""

from typing import NamedTuple

from ...domain.errors import TriggerError

BAD_BODY = "Invalid request body."
BAD_PARAMETER = "Incorrect parameter"
BAD_SORTER = "The sorters field parameter is invalid"
NO_INSTANCE = "Instance not found"
NO_LOG = "No log found"
NO_TASK = "This workflow has no task. You cannot trigger it."
LOCKED = "Your account has been locked"
IN_USE = "Other workflows depend on this workflow."
CANNOT_CREATE = (
    "Cannot create workflow instance. Please check if the workflow or task exist, "
    "and do not trigger the same workflow repeatedly in 1 minute."
)
_CREDENTIALS = "Invalid authentication credentials"
_UNAVAILABLE = "Service unavailable"
_TOO_MANY = "API rate limit exceeded"


class Refusal(Exception):
    """A failure that only this wire knows: its code and its text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class WireError(NamedTuple):
    """How an error is told; with `explains` the reason follows the text."""

    status: int
    code: int
    text: str
    explains: bool = False


ERRORS: dict[str, WireError] = {
    "invalid_request": WireError(200, 62102, BAD_BODY),
    "invalid_parameter": WireError(200, 62102, BAD_PARAMETER),
    "definition_invalid": WireError(200, 62102, BAD_BODY, explains=True),
    "request_too_large": WireError(413, 413, "Request size limit exceeded"),
    "path_not_found": WireError(404, 404, "No such API"),
    "method_not_allowed": WireError(405, 405, "Method not allowed"),
    "authentication_failed": WireError(401, 401, _CREDENTIALS),
    "credential_expired": WireError(401, 401, _CREDENTIALS),
    "login_failed": WireError(401, 401, _CREDENTIALS),
    "token_missing": WireError(401, 401, _CREDENTIALS),
    "token_expired": WireError(401, 401, _CREDENTIALS),
    "token_invalid": WireError(401, 401, _CREDENTIALS),
    "permission_denied": WireError(200, 62103, "User has no privilege."),
    "rate_limited": WireError(429, 429, _TOO_MANY),
    "login_throttled": WireError(429, 429, _TOO_MANY),
    "task_not_found": WireError(200, 62102, CANNOT_CREATE),
    "task_not_published": WireError(200, 62104, NO_TASK),
    "task_disabled": WireError(200, 62102, CANNOT_CREATE),
    "already_running": WireError(200, 62102, CANNOT_CREATE),
    "queue_full": WireError(503, 503, _UNAVAILABLE),
    "instance_not_found": WireError(200, 62102, NO_INSTANCE),
    "instance_finished": WireError(200, 62102, BAD_PARAMETER),
    "instance_not_finished": WireError(200, 62102, BAD_PARAMETER),
    "idempotency_conflict": WireError(200, 62102, CANNOT_CREATE),
    "nothing_running": WireError(200, 62102, NO_INSTANCE),
    "object_not_found": WireError(200, 62102, BAD_PARAMETER),
    "user_not_found": WireError(200, 62101, "userId does not exist, or it does not match to orgId."),
    "shutting_down": WireError(503, 503, _UNAVAILABLE),
    "store_unavailable": WireError(503, 503, _UNAVAILABLE),
    "internal_error": WireError(200, 62109, "Internal server exception"),
}


def wire_error(error: TriggerError) -> WireError:
    """Return how to tell an error; one without an entry is told as an internal error."""
    return ERRORS.get(error.code, ERRORS["internal_error"])
