"""Verifying SDK-HMAC-SHA256 on calls that come in (roma-scheduled-calls.md section 6)."""

import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..domain.apigw import (
    ALGORITHM,
    CONTENT_HASH,
    DATE,
    DATE_FORMAT,
    EMPTY_HASH,
    UNSIGNED,
    Signable,
    payload_hash,
    signature,
)
from ..domain.applications import Application, ApplicationKey
from ..domain.errors import AuthenticationFailed, CredentialExpired
from .proof import Check, Proof

WINDOW_MS = 15 * 60_000
METHODS = frozenset(("aksk", "digest"))
"""Applications of these methods share a secret with us, which is all a signature takes."""

_FORM = re.compile(
    rf"{ALGORITHM} Access=([!-+\--~]{{1,128}}), ?SignedHeaders=([a-z0-9.;-]+), ?Signature=([0-9a-f]{{64}})"
)
_WRONG = "Incorrect App authentication information: app not found or verify signature fail"
_STRANGERS = ApplicationKey(secrets.token_hex(16))  # an unknown key costs as much time as a known one
_PLAIN = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


@dataclass(frozen=True, slots=True)
class Claim:
    """What an Authorization header says: whose key, which headers it covers, and the signature."""

    key: str
    signed: tuple[str, ...]
    signature: str = field(repr=False)


def read_claim(environ: Mapping[str, Any]) -> Claim | None:
    """Return what the Authorization header of a WSGI request claims, None when it is of another scheme.

    Raises AuthenticationFailed for one of this scheme that cannot be read.
    """
    text = str(environ.get("HTTP_AUTHORIZATION", "")).strip()
    if not text.startswith(ALGORITHM):
        return None
    match = _FORM.fullmatch(text)
    if match is None:
        raise AuthenticationFailed("The Authorization header cannot be read.", check=Check.SIGNATURE)
    return Claim(match[1], tuple(match[2].split(";")), match[3])


def verify_claim(
    application: Application | None,
    claim: Claim,
    environ: Mapping[str, Any],
    body: Callable[[], bytes],
    now_ms: int,
) -> Proof:
    """Return the proof that the application signed a WSGI request; raises AuthenticationFailed, CredentialExpired.

    `now_ms` is the current time in UTC epoch milliseconds. An unknown application (None) is told as a wrong signature.
    """
    headers = _signed_headers(claim, environ)
    expires_at = _require_date(headers, now_ms)
    wrong = _wrong_with(application)
    keys = (_STRANGERS,) if application is None or wrong else application.live_keys(now_ms)
    requests = [_signable(environ, headers, payload) for payload in _payloads(headers, body())]
    for key in keys:
        expected = [signature(request, claim.signed, key.secret) for request in requests]
        if application is not None and any(hmac.compare_digest(one, claim.signature) for one in expected):
            return Proof(key.id, claim.signature if application.once else "", expires_at)
    raise AuthenticationFailed(_WRONG, check=wrong or Check.SIGNATURE)


def _wrong_with(application: Application | None) -> Check | None:
    if application is None:
        return Check.UNKNOWN
    if not application.enabled:
        return Check.DISABLED
    return None if application.method in METHODS else Check.METHOD


def _signed_headers(claim: Claim, environ: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for name in claim.signed:
        value = environ.get(_PLAIN.get(name) or f"HTTP_{name.upper().replace('-', '_')}")
        if value is None or name in found:
            raise AuthenticationFailed(f"The signed header '{name[:64]}' must be there, once.", check=Check.SIGNATURE)
        found[name] = str(value).encode("latin-1", "replace").decode("utf-8", "surrogateescape")
    missing = {"host", DATE} - found.keys()
    if missing or (CONTENT_HASH not in found and environ.get("HTTP_X_SDK_CONTENT_SHA256") is not None):
        raise AuthenticationFailed("host, x-sdk-date and x-sdk-content-sha256 must be signed.", check=Check.SIGNATURE)
    return found


def _require_date(headers: Mapping[str, str], now_ms: int) -> int:
    text = headers[DATE].strip()
    try:
        if not re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", text):
            raise ValueError
        at_ms = round(datetime.strptime(text, DATE_FORMAT).replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        raise CredentialExpired("X-Sdk-Date is a UTC time such as 20260102T030405Z.", check=Check.EXPIRED) from None
    if abs(now_ms - at_ms) > WINDOW_MS:
        server = datetime.fromtimestamp(now_ms / 1000, UTC).strftime(DATE_FORMAT)
        reason = f"signature expired, signature time:{text},server time:{server}"
        check = Check.EXPIRED if at_ms < now_ms else Check.FUTURE
        raise CredentialExpired(f"Incorrect App authentication information: {reason}", check=check)
    return at_ms + WINDOW_MS


def _payloads(headers: Mapping[str, str], body: bytes) -> list[str]:
    """Return the hashes a signature may have been made with; the vendor's signers disagree about an empty body."""
    true = payload_hash(body)
    declared = headers.get(CONTENT_HASH, true).strip()
    if declared not in (true, UNSIGNED):
        raise AuthenticationFailed("X-Sdk-Content-Sha256 is not the hash of the body.", check=Check.SIGNATURE)
    return [declared] if body or declared == true else [declared, EMPTY_HASH]


def _signable(environ: Mapping[str, Any], headers: Mapping[str, str], payload: str) -> Signable:
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
    decoded = path.encode("latin-1", "replace").decode("utf-8", "surrogateescape")
    query = str(environ.get("QUERY_STRING", ""))
    return Signable(str(environ["REQUEST_METHOD"]), decoded, query, headers, payload)
