"""What a method returns for credentials that are right, and the names of the checks they can fail."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Proof:
    """The key that proved the caller; a signature in one spelling (so that it can count once) and when it expires.

    `expires_at` is in UTC epoch milliseconds; `key_id` is None where the method has no keys.
    """

    key_id: int | None = None
    sign: str = ""
    expires_at: int = 0


class Check(StrEnum):
    """The first check that failed, as the audit log tells it; the caller is not told which of them it was."""

    CONTRADICTION = "credentials that contradict each other"
    NO_CLIENT_ID = "no client id"
    SEVERAL_METHODS = "credentials of several methods"
    UNKNOWN = "unknown application"
    DISABLED = "disabled application"
    METHOD = "not the application's method"
    NO_KEY = "no live key"
    SECRET = "wrong secret"  # noqa: S105 - the name of a check
    SIGNATURE = "wrong signature"
    ORIGIN = "wrong origin"
    EXPIRED = "expired signature"
    FUTURE = "timestamp in the future"
    USED = "signature used before"
    OPERATOR = "decUser not allowed"
    THROTTLED = "too many failed attempts"
    RATE = "too many calls"
    PERMISSION = "not granted"
