"""Why credentials are refused, for administrators: what was to be signed and what came instead, never a secret."""

from typing import Any

from ..domain.applications import Application
from . import digest
from .credentials import Credentials
from .sm2 import SCHEME, string_to_sign
from .sm2_signatures import parse_signature
from .timestamps import is_timestamp

PREFIX_LENGTH = 8
HIDDEN = "<secret>"
_LONGEST = 400


def diagnose(application: Application | None, credentials: Credentials, now_ms: int) -> dict[str, Any]:
    """Return what an administrator needs to see; `now_ms` is when the call came (UTC epoch milliseconds).

    A digest is shown by its first 8 characters, and only where what came has the form of one: a secret sent in the
    wrong place must not end up here.
    """
    if credentials.sm2_signature:
        return _of_sm2(application, credentials, now_ms)
    if credentials.signature:
        return _of_digest(application, credentials, now_ms)
    return {"method": "aksk" if credentials.secret else "page", **_expected_method(application)}


def _of_digest(application: Application | None, credentials: Credentials, now_ms: int) -> dict[str, Any]:
    given, timestamp = digest.split(credentials.signature)
    shown = timestamp if is_timestamp(timestamp) else "<13 digits>"
    found: dict[str, Any] = {
        "method": "digest",
        **_expected_method(application),
        "string_to_sign": f"{credentials.client_id[:64]}{HIDDEN}{shown}",
        **_skew(timestamp, now_ms),
        "received": _prefix(given),
    }
    if application is not None and application.method == "digest":
        found["algorithm"] = application.digest_algorithm
        found["digits"] = {"expected": digest.ALGORITHMS[application.digest_algorithm], "received": len(given)}
        found["expected"] = [
            digest.sign(application.client_id, key.secret, timestamp, application.digest_algorithm)[:PREFIX_LENGTH]
            for key in application.live_keys(now_ms)
            if is_timestamp(timestamp)
        ]
    return found


def _of_sm2(application: Application | None, credentials: Credentials, now_ms: int) -> dict[str, Any]:
    is_bound = application is not None and application.bound
    is_signature = parse_signature(credentials.sm2_signature) is not None
    found: dict[str, Any] = {"method": "sm2", **_expected_method(application), "scheme": SCHEME, "bound": is_bound}
    if is_timestamp(credentials.timestamp):
        found["string_to_sign"] = string_to_sign(credentials, bound=is_bound)[:_LONGEST]
    return {
        **found,
        **_skew(credentials.timestamp, now_ms),
        "received": credentials.sm2_signature[:PREFIX_LENGTH] if is_signature else "not an SM2 signature",
    }


def _expected_method(application: Application | None) -> dict[str, Any]:
    return {} if application is None else {"application_method": application.method}


def _skew(timestamp: str, now_ms: int) -> dict[str, Any]:
    return {"skew_ms": int(timestamp) - now_ms} if is_timestamp(timestamp) else {"skew_ms": None}


def _prefix(given: str) -> str:
    is_digest = len(given) in digest.ALGORITHMS.values() and all(one in "0123456789abcdefABCDEF" for one in given)
    return given[:PREFIX_LENGTH].lower() if is_digest else f"{len(given)} characters that are no digest"
