"""Alibaba Cloud's signatures, verified: RPC (HMAC-SHA1) and ACS3-HMAC-SHA256 (schedulerx.md sections 2 to 4)."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from ..domain.applications import Application, ApplicationKey
from ..domain.errors import AuthenticationFailed, CredentialExpired
from .proof import Check, Proof

WINDOW_MS = 15 * 60_000
_TIME = re.compile(r"\A(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z\Z", re.ASCII)
METHODS = frozenset({"aksk"})
"""The methods of applications whose secret may sign this way."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed request, whatever the scheme: `matches` tells whether a secret gives its signature.

    `described` is what the server signed, for the caller whose signature differs.
    """

    access_key_id: str
    timestamp: str
    nonce: str
    matches: Callable[[str], bool]
    described: Callable[[], str]


def refuse(code: str, message: str, check: Check = Check.SIGNATURE) -> AuthenticationFailed:
    """Return the error for credentials that are no good; `code` is Alibaba Cloud's name for it."""
    return AuthenticationFailed(message, check=check, aliyun=code)


def verify(signed: Signed, application: Application | None, now_ms: int) -> Proof:
    """Return the proof that the application signed, its nonce as what can be used only once.

    `now_ms` is the current time in UTC epoch milliseconds. Raises AuthenticationFailed, or CredentialExpired for a
    signature out of its time, with Alibaba Cloud's code in the detail `aliyun`.
    """
    keys = _live_keys(application, now_ms)
    _require_timely(signed.timestamp, now_ms)
    for key in keys:
        if signed.matches(key.secret):
            nonce = hashlib.sha256(signed.nonce.encode(errors="replace")).hexdigest()
            return Proof(key.id, f"aliyun {nonce}", now_ms + 2 * WINDOW_MS)
    raise refuse("SignatureDoesNotMatch", signed.described())


def _live_keys(application: Application | None, now_ms: int) -> tuple[ApplicationKey, ...]:
    if application is None:
        raise refuse("InvalidAccessKeyId.NotFound", "Specified access key is not found.", Check.UNKNOWN)
    if application.method not in METHODS:
        raise refuse("InvalidAccessKeyId.NotFound", "Specified access key is not one that signs.", Check.METHOD)
    keys = application.live_keys(now_ms) if application.enabled else ()
    if not keys:
        check = Check.NO_KEY if application.enabled else Check.DISABLED
        raise refuse("InvalidAccessKeyId.Inactive", "Specified access key is disabled.", check)
    return keys


def _require_timely(timestamp: str, now_ms: int) -> None:
    try:
        year, month, day, hour, minute, second = map(int, _TIME.findall(timestamp)[0])
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except (IndexError, ValueError):
        reason = "Specified time stamp or date value is not well formatted; write yyyy-MM-ddTHH:mm:ssZ in UTC."
        raise refuse("InvalidTimeStamp.Format", reason, Check.EXPIRED) from None
    skew_ms = round(moment.timestamp() * 1000) - now_ms
    if abs(skew_ms) > WINDOW_MS:
        check = Check.FUTURE if skew_ms > 0 else Check.EXPIRED
        reason = "Specified time stamp or date value is expired."
        raise CredentialExpired(reason, check=check, aliyun="InvalidTimeStamp.Expired")
