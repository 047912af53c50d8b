"""A row in the audit log for whoever is refused: who they said they are, from where, what they wanted, and why not."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..domain.applications import Application
from ..domain.audit import AuditEntry, Outcome
from ..domain.errors import AuthenticationFailed, PermissionDenied, RateLimited, TriggerError
from ..logs import request_id
from .credentials import Credentials
from .diagnosis import diagnose
from .proof import Check

CLAIM_LENGTH = 64
ANYBODY = "-"
_QUIET_S = 60.0
_MAX_TOLD = 10_000


@dataclass(slots=True)
class Attempt:
    """A call as far as it got: filled in on the way in, read when it is refused. `at` is epoch milliseconds."""

    at: int
    address: str
    client_id: str = ""
    name: str = ""
    credentials: Credentials | None = None
    application: Application | None = None


class Refusals:
    """Writes refusals down; nobody waits for it.

    Refusals for too many calls, or after too many failures, are written once a minute for each caller, or whoever
    floods the service would also flood the log. `explains` adds what is needed to find out why (never a secret).
    """

    def __init__(self, post: Callable[[AuditEntry], None], *, explains: bool = False) -> None:
        self._post = post
        self._explains = explains
        self._told: dict[tuple[str, str], float] = {}

    def record(self, attempt: Attempt, action: str, target: str, error: TriggerError, *, briefly: bool = False) -> None:
        """Write a refusal down, `briefly` once a minute for each caller; any other error is none of ours."""
        is_brief = briefly or isinstance(error, RateLimited)
        if not is_refusal(error) or (is_brief and self._was_just_told(attempt)):
            return
        self._post(
            AuditEntry(
                actor=attempt.name or attempt.client_id[:CLAIM_LENGTH] or ANYBODY,
                action=action,
                target=target,
                outcome=Outcome.REFUSED,
                reason=str(error.details.get("check") or _reason(error)),
                address=attempt.address,
                request_id=request_id.get(),
                details=self._details(attempt, error),
            )
        )

    def _details(self, attempt: Attempt, error: TriggerError) -> Mapping[str, Any]:
        details: dict[str, Any] = {"code": error.code}
        if attempt.client_id:
            details["client_id"] = attempt.client_id[:CLAIM_LENGTH]
        if self._explains and attempt.credentials is not None:
            details["diagnosis"] = diagnose(attempt.application, attempt.credentials, attempt.at)
        return details

    def _was_just_told(self, attempt: Attempt) -> bool:
        now, who = time.monotonic(), (attempt.address, attempt.client_id[:CLAIM_LENGTH])
        if now < self._told.get(who, 0.0):
            return True
        if len(self._told) >= _MAX_TOLD:
            self._told = {one: until for one, until in self._told.items() if until > now}
        self._told[who] = now + _QUIET_S
        return False


def is_refusal(error: TriggerError) -> bool:
    """Tell whether the error keeps the caller out: by who they are, by their rights (also hidden ones), by a rate."""
    return isinstance(error, AuthenticationFailed | PermissionDenied | RateLimited) or bool(error.details.get("denied"))


def _reason(error: TriggerError) -> str:
    if isinstance(error, PermissionDenied) or error.details.get("denied"):
        return Check.PERMISSION
    return error.code
