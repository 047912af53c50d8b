"""EnOS token-plus-signature calls, verified (enos-flows.md section 7.1)."""

import hashlib
import hmac
import uuid
from collections.abc import Iterable, Iterator

from ..domain.applications import Application, ApplicationKey
from ..domain.errors import AuthenticationFailed, CredentialExpired
from .proof import Check, Proof

WINDOW_MS = 15 * 60_000
METHODS = frozenset({"aksk", "digest"})
"""The methods of applications whose secret may prove calls of this kind."""


def encryption(app_key: str, timestamp: str, app_secret: str) -> str:
    """Return the proof of a token request; `timestamp` is the text that was sent, whatever its JSON type."""
    return _sha256(f"{app_key}{timestamp}{app_secret}".encode(errors="replace"))


def signed_text(query: Iterable[tuple[str, str]], body: bytes) -> bytes:
    """Return what a signature covers of a request: the decoded query sorted by name, then the body as it was sent."""
    pairs = sorted(query, key=lambda pair: pair[0])
    return "".join(f"{name}{value}" for name, value in pairs).encode(errors="replace") + body


def signature(token: str, covered: bytes, timestamp: str, app_secret: str) -> str:
    """Return the `apim-signature` of a call; `covered` is what `signed_text` returns."""
    head, tail = token.encode(errors="replace"), f"{timestamp}{app_secret}".encode(errors="replace")
    return _sha256(head + covered + tail)


def application_id(app_key: str) -> str:
    """Return the id an appKey stands for: EnOS writes it as a UUID, this service without the hyphens."""
    return _bare(app_key) or app_key


def live_secrets(application: Application | None, now_ms: int) -> Iterator[tuple[ApplicationKey, str]]:
    """Yield the secrets that count, each in both spellings; raises AuthenticationFailed when there can be none."""
    if application is None:
        raise AuthenticationFailed(check=Check.UNKNOWN)
    if application.method not in METHODS:
        raise AuthenticationFailed(check=Check.METHOD)
    if not application.enabled:
        raise AuthenticationFailed(check=Check.DISABLED)
    keys = application.live_keys(now_ms)
    if not keys:
        raise AuthenticationFailed(check=Check.NO_KEY)
    return ((key, spelled) for key in keys for spelled in _spellings(key.secret))


def verify_encryption(
    application: Application | None, app_key: str, timestamp: str, given: str, now_ms: int
) -> ApplicationKey:
    """Return the key that proves a token request; raises AuthenticationFailed, CredentialExpired."""
    for key, secret in live_secrets(application, now_ms):
        if _same(encryption(app_key, timestamp, secret), given):
            _require_timely(timestamp, now_ms)
            return key
    raise AuthenticationFailed(check=Check.SECRET)


def verify_signature(
    application: Application | None, token: str, covered: bytes, timestamp: str, given: str, now_ms: int
) -> Proof:
    """Return the proof of a signed call; raises AuthenticationFailed, CredentialExpired."""
    for key, secret in live_secrets(application, now_ms):
        if _same(signature(token, covered, timestamp, secret), given):
            _require_timely(timestamp, now_ms)
            is_once = application is not None and application.once
            return Proof(key.id, f"enos {given.lower()}" if is_once else "", now_ms + 2 * WINDOW_MS)
    raise AuthenticationFailed(check=Check.SIGNATURE)


def verify_secret(application: Application | None, given: str, now_ms: int) -> Proof:
    """Return the proof that a secret is one of the application's; raises AuthenticationFailed."""
    for key, secret in live_secrets(application, now_ms):
        if hmac.compare_digest(secret.encode(), given.encode(errors="replace")):
            return Proof(key.id)
    raise AuthenticationFailed(check=Check.SECRET)


def _require_timely(timestamp: str, now_ms: int) -> None:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 16):
        raise CredentialExpired("The timestamp is not one in milliseconds.", check=Check.EXPIRED)
    if abs(int(timestamp) - now_ms) > WINDOW_MS:
        check = Check.FUTURE if int(timestamp) > now_ms else Check.EXPIRED
        raise CredentialExpired("The timestamp is more than 15 minutes from now.", check=check)


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.lower().encode(errors="replace"))


def _spellings(secret: str) -> tuple[str, ...]:
    try:
        return secret, str(uuid.UUID(hex=secret))
    except ValueError:
        return (secret,)


def _bare(text: str) -> str | None:
    try:
        return uuid.UUID(hex=text).hex if len(text) == 36 else None
    except ValueError:
        return None


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
