"""The one way in for every dialect: who calls, may they call now, and a row in the audit log for whoever is refused."""

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, NamedTuple

from ..core.access import AccessService
from ..core.keys import KeyService
from ..domain.applications import Application
from ..domain.clock import Clock
from ..domain.errors import AuthenticationFailed, TriggerError
from ..domain.records import Principal
from ..logs import request_id
from . import principal_of, prove
from .credentials import Query, claimed_client_id, read_credentials
from .failed_logins import FailedLogins
from .proof import Check, Proof
from .rate import Rates
from .refusals import Attempt, Refusals

CLIENT = "fdl_trigger.client"
"""The key of the WSGI environment under which the id of the application that was let in is left, for the log."""
_ATTEMPT = "fdl_trigger.attempt"
_USED_BEFORE = "The signature was used before; sign each call anew."

Environ = MutableMapping[str, Any]
Verify = Callable[[Application | None, int], Proof]


class Admitted(NamedTuple):
    """Who was let in, and the user they act for (None: none was named)."""

    principal: Principal
    operator: str | None


class Admission:
    """Lets applications in. `admit` first, then whatever the call does; hand any error of both to `refused`.

    `access` and `keys` are asked for each time: the use cases come into being when the runtime starts.
    """

    def __init__(
        self,
        access: Callable[[], AccessService],
        keys: Callable[[], KeyService],
        rates: Rates,
        failed_logins: FailedLogins,
        refusals: Refusals,
        clock: Clock,
    ) -> None:
        self._access = access
        self._keys = keys
        self._rates = rates
        self._failed_logins = failed_logins
        self._refusals = refusals
        self._clock = clock

    def admit(
        self,
        environ: Environ,
        query: Query,
        *,
        operator: Callable[[], str | None] = lambda: None,
        body: Callable[[], bytes] = bytes,
    ) -> "Admitted":
        """Return who calls and for whom; raises AuthenticationFailed, CredentialExpired, RateLimited.

        `query` holds the values of each query parameter. `operator` returns the user the caller names (`decUser`) and
        is asked only when the caller is known; `body` reads the request body when a signature covers it.
        """
        attempt = self._attempt(environ)
        application, proof = self._prove(attempt, environ, query, body)
        named = operator()
        require_operator(application, named)
        self._rates.check(application, attempt.address)
        self._spend(application, proof)
        if proof.key_id is not None:
            self._keys().used(proof.key_id)
        environ[CLIENT] = application.client_id
        return Admitted(principal_of(application, attempt.address, request_id.get()), named)

    def admit_by(self, environ: Environ, client_id: str, verify: Verify) -> Principal:
        """Return who calls by a scheme of a dialect's own; a proof with a `sign` counts once. Raises as `admit` does.

        `verify` is given the application that `client_id` names (None: there is none) and the time of the call in UTC
        epoch milliseconds; it returns the proof or raises AuthenticationFailed.
        """
        attempt = self._attempt(environ)
        attempt.client_id = client_id
        self._failed_logins.check(attempt.address, client_id)
        application = attempt.application = self._access().get(client_id)
        proof = verify(application, attempt.at)
        if application is None:
            raise AuthenticationFailed(check=Check.UNKNOWN)
        attempt.name = application.name
        self._rates.check(application, attempt.address)
        if proof.sign and not self._keys().take(application.id, proof.sign, proof.expires_at):
            raise AuthenticationFailed(_USED_BEFORE, check=Check.USED)
        if proof.key_id is not None:
            self._keys().used(proof.key_id)
        environ[CLIENT] = application.client_id
        return principal_of(application, attempt.address, request_id.get())

    def require_operator(self, environ: Environ, operator: str) -> None:
        """Raise AuthenticationFailed when the application let in by `admit_by` may not act for this user."""
        application = environ[_ATTEMPT].application
        if application is not None:
            require_operator(application, operator)

    def expect(self, environ: Environ, claim: str) -> None:
        """Begin a call that proves itself by other means; raises RateLimited when too many like it have failed.

        `claim` stands for what it brings along, as the audit log may show it.
        """
        attempt = self._attempt(environ)
        attempt.client_id = claim
        self._failed_logins.check(attempt.address, claim)

    def recognised(self, environ: Environ, name: str) -> None:
        """Note who it is that `expect` began with, for the log and refusals."""
        environ[_ATTEMPT].name = name
        environ[CLIENT] = name

    def _attempt(self, environ: Environ) -> Attempt:
        attempt = Attempt(self._clock(), environ.get("REMOTE_ADDR", ""))
        environ[_ATTEMPT] = attempt
        return attempt

    def _prove(
        self, attempt: Attempt, environ: Environ, query: Query, body: Callable[[], bytes]
    ) -> tuple[Application, Proof]:
        attempt.client_id = claimed_client_id(environ, query)
        self._failed_logins.check(attempt.address, attempt.client_id)
        attempt.credentials = read_credentials(environ, query, body)

        def find(client_id: str) -> Application | None:
            attempt.application = self._access().get(client_id)
            return attempt.application

        application, proof = prove(find, attempt.credentials, attempt.at)
        attempt.name = application.name
        return application, proof

    def _spend(self, application: Application, proof: Proof) -> None:
        if application.once and not self._keys().spend(application.id, proof.sign, proof.expires_at):
            raise AuthenticationFailed(_USED_BEFORE, check=Check.USED)

    def refused(self, environ: Environ, action: str, error: TriggerError) -> None:
        """Count and write down an error that keeps the caller out; others are left alone.

        `action` is what the caller wanted ("task.execute").
        """
        attempt = environ.get(_ATTEMPT) or self._attempt(environ)
        is_slowed = self._failed_logins.is_slowed(attempt.address, attempt.client_id)
        if isinstance(error, AuthenticationFailed):
            self._failed_logins.count(attempt.address, attempt.client_id)
        self._refusals.record(attempt, action, target_of(environ), error, briefly=is_slowed)


def require_operator(application: Application, operator: str | None) -> None:
    """Raise AuthenticationFailed when the application may not name this user as `decUser`."""
    if operator is not None and application.operators and operator not in application.operators:
        reason = "The application may not act for this user."
        raise AuthenticationFailed(reason, check=Check.OPERATOR)


def target_of(environ: Mapping[str, Any]) -> str:
    """Return the path of a request, for people to read."""
    path = str(environ.get("SCRIPT_NAME", "")) + str(environ.get("PATH_INFO", ""))
    text = path.encode("latin-1", "replace").decode("utf-8", "replace")
    return text if text.isprintable() else ascii(text)
