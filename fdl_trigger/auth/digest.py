"""Digest signature authentication (finedatalink-open-platform.md section 8.4).

`_sign_` is the hexadecimal digest of client id, secret and timestamp, followed by the timestamp in milliseconds.
"""

import hashlib
import hmac

from ..domain.applications import Application
from .credentials import Credentials
from .proof import Check, Proof
from .sm3 import sm3
from .timestamps import TIMESTAMP_LENGTH, is_timestamp, require_timely

ALGORITHMS = {"MD5": 32, "SHA256": 64, "SM3": 64}
"""The algorithms, with the hexadecimal digits of each."""


def sign(client_id: str, secret: str, timestamp_ms: int | str, algorithm: str = "MD5") -> str:
    """Return the `_sign_` of a call made at `timestamp_ms` (UTC epoch milliseconds, 13 digits).

    Raises ValueError for an algorithm that is not one of ALGORITHMS.
    """
    return _digest(algorithm, f"{client_id}{secret}{timestamp_ms}") + str(timestamp_ms)


def split(signature: str) -> tuple[str, str]:
    """Return the digest and the timestamp of a `_sign_`."""
    return signature[:-TIMESTAMP_LENGTH], signature[-TIMESTAMP_LENGTH:]


class DigestSignature:
    """`client_id` and `_sign_`."""

    fails_at = Check.SIGNATURE

    def claims(self, credentials: Credentials) -> bool:
        """Tell whether the credentials are of this method."""
        return bool(credentials.signature)

    def verify(self, application: Application, credentials: Credentials, now_ms: int) -> Proof | None:
        """Return the proof of a right signature; raises CredentialExpired for a right one out of its time.

        The digits may be upper case (section 8.4); a signature that counts once is kept in lower case.
        """
        given, timestamp = split(credentials.signature)
        digest = given.lower().encode(errors="replace")
        found = None
        for key in application.keys:
            signed = f"{application.client_id}{key.secret}{timestamp}"
            expected = _digest(application.digest_algorithm, signed).encode()
            if hmac.compare_digest(expected, digest) and key.is_live(now_ms) and key.secret:
                found = key
        if found is None or not is_timestamp(timestamp):
            return None
        expires_at = require_timely(int(timestamp), now_ms, application.digest_timeout_s)
        return Proof(found.id, credentials.signature.lower(), expires_at)


def _digest(algorithm: str, text: str) -> str:
    data = text.encode(errors="replace")
    match algorithm.upper():
        case "MD5":
            return hashlib.md5(data, usedforsecurity=False).hexdigest()
        case "SHA256":
            return hashlib.sha256(data).hexdigest()
        case "SM3":
            return sm3(data).hex()
    raise ValueError(f"digest algorithm '{algorithm}' is not one of {', '.join(ALGORITHMS)}")
