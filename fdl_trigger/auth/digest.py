"""Digest signature authentication (finedatalink-open-platform.md section 8.4).

`_sign_` is the hexadecimal digest of client id, secret and timestamp, followed by the timestamp in milliseconds.
"""

import hashlib
import hmac
import re

from ..domain.errors import CredentialExpired
from ..domain.records import Application
from .credentials import Credentials

FUTURE_SKEW_MS = 5_000
ALGORITHMS = ("MD5", "SHA256", "SM3")
_TIMESTAMP = re.compile(r"[0-9]{13}")
_TIMESTAMP_LENGTH = 13


def sign(client_id: str, secret: str, timestamp_ms: int, algorithm: str = "MD5") -> str:
    """Return the `_sign_` of a call made at `timestamp_ms` (UTC epoch milliseconds, 13 digits).

    Raises ValueError for an algorithm that is not one of ALGORITHMS.
    """
    return _digest(algorithm, f"{client_id}{secret}{timestamp_ms}") + str(timestamp_ms)


class DigestSignature:
    """`client_id` and `_sign_`."""

    def claims(self, credentials: Credentials) -> bool:
        """Tell whether the credentials are of this method."""
        return bool(credentials.signature) and not credentials.secret

    def verify(self, application: Application, credentials: Credentials, now_ms: int) -> bool:
        """Tell whether the signature is the application's; raises CredentialExpired for a right one out of its time."""
        given, timestamp = _split(credentials.signature)
        signed = f"{application.client_id}{application.secret or ''}{timestamp}"
        expected = _digest(application.digest_algorithm, signed)
        genuine = hmac.compare_digest(expected.encode(), given.lower().encode(errors="replace"))
        if not genuine or not application.secret or not _TIMESTAMP.fullmatch(timestamp):
            return False
        _require_timely(now_ms - int(timestamp), application.digest_timeout_s)
        return True


def _require_timely(age_ms: int, timeout_s: int) -> None:
    if age_ms < -FUTURE_SKEW_MS:
        raise CredentialExpired("The timestamp of the signature lies in the future; set the caller's clock.")
    if age_ms >= timeout_s * 1000:
        raise CredentialExpired(f"The signature is older than {timeout_s} seconds; sign each call anew.")


def _split(signature: str) -> tuple[str, str]:
    return signature[:-_TIMESTAMP_LENGTH], signature[-_TIMESTAMP_LENGTH:]


def _digest(algorithm: str, text: str) -> str:
    data = text.encode(errors="replace")
    match algorithm.upper():
        case "MD5":
            return hashlib.md5(data, usedforsecurity=False).hexdigest()
        case "SHA256":
            return hashlib.sha256(data).hexdigest()
        case "SM3":
            return _sm3(data)
    raise ValueError(f"digest algorithm '{algorithm}' is not one of {', '.join(ALGORITHMS)}")


def _sm3(data: bytes) -> str:
    try:
        return hashlib.new("sm3", data).hexdigest()
    except ValueError:
        return sm3_without_openssl(data)


def sm3_without_openssl(data: bytes) -> str:
    """Return the SM3 digest where OpenSSL was built without it; forty times slower."""
    from gmssl import sm3

    return str(sm3.sm3_hash(list(data)))
