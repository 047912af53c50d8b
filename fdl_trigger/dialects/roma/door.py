"""Who may call: whoever signs with the key and secret of an application, or holds the configured token."""

import hmac
from collections.abc import Callable, Iterable
from typing import Any

from ...auth.admission import Admission
from ...auth.apigw import read_claim, verify_claim
from ...auth.proof import Proof
from ...domain.applications import Application
from ...domain.errors import AuthenticationFailed, TokenInvalid
from ...domain.records import Principal

_NOBODY = "token"


class Door:
    """Lets callers in; `token` (empty: none) stands for the application named `holder`."""

    def __init__(
        self, admission: Admission, applications: Callable[[], Iterable[Application]], token: str, holder: str
    ) -> None:
        self._admission = admission
        self._applications = applications
        self._token = token
        self._holder = holder

    def admit(self, environ: dict[str, Any], body: Callable[[], bytes]) -> Principal:
        """Return who calls; raises AuthenticationFailed, CredentialExpired, TokenInvalid, RateLimited."""
        claim = read_claim(environ)
        if claim is not None:
            found = claim
            return self._admission.admit_by(
                environ, claim.key, lambda application, now_ms: verify_claim(application, found, environ, body, now_ms)
            )
        token = str(environ.get("HTTP_X_AUTH_TOKEN", ""))
        if not token:
            raise AuthenticationFailed("Sign the request with SDK-HMAC-SHA256, or send X-Auth-Token.")
        named = [one.client_id for one in self._applications() if one.name == self._holder]
        holder = named[0] if len(named) == 1 else _NOBODY
        return self._admission.admit_by(environ, holder, lambda application, _: self._verify(application, token))

    def _verify(self, application: Application | None, token: str) -> Proof:
        is_right = hmac.compare_digest(token.encode(errors="replace"), self._token.encode())
        if not self._token or not is_right or application is None or not application.enabled:
            raise TokenInvalid("The token is wrong.")
        return Proof()
