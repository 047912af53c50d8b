"""Every error a caller can meet, as one table: a stable code and a message per class.

Dialects map the code to their own number, status and envelope; nothing here knows a wire.
"""

from typing import ClassVar


class TriggerError(Exception):
    """The request could not be carried out."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str | None = None, **details: object) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())
        self.message = str(self)
        self.details = details


class InvalidRequest(TriggerError):
    """The request cannot be read."""

    code = "invalid_request"


class InvalidParameter(TriggerError):
    """A parameter of the request is missing or wrong."""

    code = "invalid_parameter"


class RequestTooLarge(TriggerError):
    """The request body is larger than this service accepts."""

    code = "request_too_large"


class PathNotFound(TriggerError):
    """No operation has this path."""

    code = "path_not_found"


class MethodNotAllowed(TriggerError):
    """The operation at this path does not take this method."""

    code = "method_not_allowed"


class AuthenticationFailed(TriggerError):
    """The caller is unknown or the credentials are wrong."""

    code = "authentication_failed"


class CredentialExpired(AuthenticationFailed):
    """The signature has expired or its timestamp is not acceptable."""

    code = "credential_expired"


class LoginFailed(AuthenticationFailed):
    """The user does not exist or the password is wrong."""

    code = "login_failed"


class TokenMissing(AuthenticationFailed):
    """The login information is missing: send a fine_auth_token."""

    code = "token_missing"


class TokenExpired(AuthenticationFailed):
    """The login has expired; log in again."""

    code = "token_expired"


class TokenInvalid(AuthenticationFailed):
    """The login information cannot be read or is no longer valid; log in again."""

    code = "token_invalid"


class PermissionDenied(TriggerError):
    """The caller may not use this operation."""

    code = "permission_denied"


class RateLimited(TriggerError):
    """Too many requests; details carry `retry_after` in seconds."""

    code = "rate_limited"


class LoginThrottled(RateLimited):
    """Too many attempts to log in; details carry `retry_after` in seconds."""

    code = "login_throttled"


class TaskNotFound(TriggerError):
    """No task has this id or name."""

    code = "task_not_found"


class TaskNotPublished(TriggerError):
    """The task exists but has never been published."""

    code = "task_not_published"


class TaskDisabled(TriggerError):
    """The task is disabled."""

    code = "task_disabled"


class AlreadyRunning(TriggerError):
    """The task is already running and its overlap policy is to skip further triggers."""

    code = "already_running"


class QueueFull(TriggerError):
    """Too many instances are waiting."""

    code = "queue_full"


class InstanceNotFound(TriggerError):
    """No instance has this id."""

    code = "instance_not_found"


class ObjectNotFound(TriggerError):
    """No application, key, session, connection or parameter has this id or name."""

    code = "object_not_found"


class InstanceFinished(TriggerError):
    """The instance has already ended."""

    code = "instance_finished"


class InstanceNotFinished(TriggerError):
    """The instance is still waiting or running; only a finished one can be retried."""

    code = "instance_not_finished"


class IdempotencyConflict(TriggerError):
    """The idempotency key was used before for another request."""

    code = "idempotency_conflict"


class NothingRunning(TriggerError):
    """The task has no running or waiting instance."""

    code = "nothing_running"


class DefinitionInvalid(TriggerError):
    """A task or connection definition has mistakes; details carry `problems`."""

    code = "definition_invalid"


class UserNotFound(TriggerError):
    """No user has this name."""

    code = "user_not_found"


class ShuttingDown(TriggerError):
    """The service is stopping and takes no new work."""

    code = "shutting_down"


class StoreUnavailable(TriggerError):
    """The store cannot be written at the moment."""

    code = "store_unavailable"


class InternalError(TriggerError):
    """The service made a mistake; the log has the details under the request id."""

    code = "internal_error"


def error_codes() -> dict[str, type[TriggerError]]:
    """Return every concrete error class by its code."""
    found: dict[str, type[TriggerError]] = {}
    pending = [TriggerError]
    while pending:
        for error in pending.pop().__subclasses__():
            found[error.code] = error
            pending.append(error)
    return found
