"""Who is calling: one file a method, all of them entered in AUTHENTICATORS."""

import secrets
from collections.abc import Callable
from typing import Protocol

from ..domain.applications import Application, ApplicationKey
from ..domain.errors import AuthenticationFailed
from ..domain.records import Principal
from .aksk import AkSk
from .credentials import Credentials, read_credentials
from .digest import DigestSignature
from .page import Page
from .proof import Check, Proof
from .rate import Rates
from .sm2 import Sm2Signature, strangers_public_key

__all__ = ["AUTHENTICATORS", "Authenticator", "Credentials", "Rates", "authenticate", "prove", "read_credentials"]

FindApplication = Callable[[str], Application | None]


class Authenticator(Protocol):
    """A way to prove who calls; `fails_at` names what is wrong when `verify` returns None."""

    fails_at: Check

    def claims(self, credentials: Credentials) -> bool:
        """Tell whether the credentials are of this method."""

    def verify(self, application: Application, credentials: Credentials, now_ms: int) -> Proof | None:
        """Return the proof that they are the application's, or None.

        Raises CredentialExpired for right ones out of their time.
        """


AUTHENTICATORS: dict[str, Authenticator] = {
    "aksk": AkSk(),
    "digest": DigestSignature(),
    "sm2": Sm2Signature(),
    "page": Page(),
}


def authenticate(find: FindApplication, credentials: Credentials, now_ms: int) -> Principal:
    """Return who calls; raises AuthenticationFailed, or CredentialExpired for a signature out of its time.

    `now_ms` is the current time in UTC epoch milliseconds.
    """
    return principal_of(prove(find, credentials, now_ms)[0])


def prove(find: FindApplication, credentials: Credentials, now_ms: int) -> tuple[Application, Proof]:
    """Return the calling application and what proved it; raises as `authenticate` does.

    An unknown or disabled application, and one that uses another method, is compared against a stranger with a secret
    nobody knows, so that neither the answer nor its time tells whether an application exists. The detail `check` of
    the error says what it was; it is not for the caller.
    """
    if not credentials.client_id:
        reason = "'client_id' is missing; send it as a header or in the query."
        raise AuthenticationFailed(reason, check=Check.NO_CLIENT_ID)
    method = _method_of(credentials)
    application = find(credentials.client_id)
    wrong = _wrong_with(application, method, now_ms)
    if application is None or wrong:
        AUTHENTICATORS[method].verify(_stranger(method, credentials), credentials, now_ms)
        raise AuthenticationFailed(check=wrong)
    proof = AUTHENTICATORS[method].verify(application, credentials, now_ms)
    if proof is None:
        raise AuthenticationFailed(check=AUTHENTICATORS[method].fails_at)
    return application, proof


def principal_of(application: Application, address: str = "", request_id: str = "") -> Principal:
    """Return the application as `core` sees it."""
    return Principal(application.name, application.grants, application.id, address=address, request_id=request_id)


def _method_of(credentials: Credentials) -> str:
    claiming = [name for name, authenticator in AUTHENTICATORS.items() if authenticator.claims(credentials)]
    if len(claiming) != 1:
        reason = "Send one of 'secret', '_sign_' and 'signature', not both or all."
        raise AuthenticationFailed(reason, check=Check.SEVERAL_METHODS)
    return claiming[0]


def _wrong_with(application: Application | None, method: str, now_ms: int) -> Check | None:
    if application is None:
        return Check.UNKNOWN
    if not application.enabled:
        return Check.DISABLED
    if application.method != method:
        return Check.METHOD
    return None if method == "page" or application.live_keys(now_ms) else Check.NO_KEY


_STRANGERS_SECRET = secrets.token_hex(16)
_SHA256_SIGNATURE_LENGTH = 64 + 13


def _stranger(method: str, credentials: Credentials) -> Application:
    return Application(
        id=0,
        client_id=credentials.client_id,
        name="",
        method=method,
        digest_algorithm="SHA256" if len(credentials.signature) == _SHA256_SIGNATURE_LENGTH else "MD5",
        keys=(ApplicationKey(strangers_public_key() if method == "sm2" else _STRANGERS_SECRET),),
        enabled=False,
    )
