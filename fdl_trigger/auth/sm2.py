"""SM2 signature authentication: our scheme `sm2-sign-v1`, described in docs/authentication.md.

The vendor's scheme is not public (finedatalink-open-platform.md section 8.5), so compatibility with it is unproven.
"""

from functools import lru_cache

from ..domain.applications import Application
from .credentials import Credentials
from .proof import Check, Proof
from .sm2_engine import new_private_key, public_key_of, verify
from .sm2_signatures import parse_signature
from .sm3 import sm3
from .timestamps import is_timestamp, require_timely

SCHEME = "sm2-sign-v1"


class Sm2Signature:
    """`client_id`, `timestamp` and `signature`."""

    fails_at = Check.SIGNATURE

    def claims(self, credentials: Credentials) -> bool:
        """Tell whether the credentials are of this method."""
        return bool(credentials.sm2_signature)

    def verify(self, application: Application, credentials: Credentials, now_ms: int) -> Proof | None:
        """Return the proof of a right signature; raises CredentialExpired for a right one out of its time.

        What is no signature or no timestamp costs no curve arithmetic.
        """
        signature = parse_signature(credentials.sm2_signature)
        if signature is None or not is_timestamp(credentials.timestamp):
            return None
        message = string_to_sign(credentials, bound=application.bound).encode(errors="replace")
        for key in application.live_keys(now_ms):
            if verify(key.secret, signature, message):
                expires_at = require_timely(int(credentials.timestamp), now_ms, application.digest_timeout_s)
                return Proof(key.id, "{:064x}{:064x}".format(*signature), expires_at)
        return None


def string_to_sign(credentials: Credentials, *, bound: bool) -> str:
    """Return the text a signature covers: client id and timestamp, or (bound) the request and the timestamp.

    Bound, these are four lines: method, target, timestamp, and SM3 of the body in hexadecimal.
    """
    request = credentials.request
    if not bound or request is None:
        return f"{credentials.client_id}{credentials.timestamp}"
    return "\n".join((request.method, request.target, credentials.timestamp, sm3(request.body()).hex()))


@lru_cache(maxsize=1)
def strangers_public_key() -> str:
    """Return a public key whose private key nobody knows, to compare unknown callers against."""
    return public_key_of(new_private_key())
