"""Who is calling: one file a method, all of them entered in AUTHENTICATORS."""

import secrets
from collections.abc import Callable
from typing import Protocol

from ..domain.errors import AuthenticationFailed
from ..domain.records import Application, Principal
from .aksk import AkSk
from .credentials import Credentials, read_credentials
from .digest import DigestSignature
from .page import Page
from .rate import Rates

__all__ = ["AUTHENTICATORS", "Authenticator", "Credentials", "Rates", "authenticate", "identify", "read_credentials"]

FindApplication = Callable[[str], Application | None]


class Authenticator(Protocol):
    """A way to prove who calls."""

    def claims(self, credentials: Credentials) -> bool:
        """Tell whether the credentials are of this method."""

    def verify(self, application: Application, credentials: Credentials, now_ms: int) -> bool:
        """Tell whether they are the application's; raises CredentialExpired for right ones out of their time."""


AUTHENTICATORS: dict[str, Authenticator] = {"aksk": AkSk(), "digest": DigestSignature(), "page": Page()}


def authenticate(find: FindApplication, credentials: Credentials, now_ms: int) -> Principal:
    """Return who calls; raises AuthenticationFailed, or CredentialExpired for a signature out of its time.

    `now_ms` is the current time in UTC epoch milliseconds.
    """
    return principal_of(identify(find, credentials, now_ms))


def identify(find: FindApplication, credentials: Credentials, now_ms: int) -> Application:
    """Return the calling application; raises as `authenticate` does.

    An unknown or disabled application, and one that uses another method, is compared against a stranger with a secret
    nobody knows, so that neither the answer nor its time tells whether an application exists.
    """
    if not credentials.client_id:
        raise AuthenticationFailed("'client_id' is missing; send it as a header or in the query.")
    method = _method_of(credentials)
    application = find(credentials.client_id)
    if application is None or not application.enabled or application.method != method:
        AUTHENTICATORS[method].verify(_stranger(method, credentials), credentials, now_ms)
        raise AuthenticationFailed
    if not AUTHENTICATORS[method].verify(application, credentials, now_ms):
        raise AuthenticationFailed
    return application


def principal_of(application: Application) -> Principal:
    """Return the application as `core` sees it."""
    return Principal(application.name, application.grants, application.id)


def _method_of(credentials: Credentials) -> str:
    for name, authenticator in AUTHENTICATORS.items():
        if authenticator.claims(credentials):
            return name
    raise AuthenticationFailed("Send either 'secret' or '_sign_', not both.")


_STRANGERS_SECRET = secrets.token_hex(16)
_SHA256_SIGNATURE_LENGTH = 64 + 13


def _stranger(method: str, credentials: Credentials) -> Application:
    algorithm = "SHA256" if len(credentials.signature) == _SHA256_SIGNATURE_LENGTH else "MD5"
    return Application(
        id=0,
        client_id=credentials.client_id,
        name="",
        method=method,
        secret=_STRANGERS_SECRET,
        digest_algorithm=algorithm,
        digest_timeout_s=0,
        rate=None,
        origins=(),
        enabled=False,
    )
