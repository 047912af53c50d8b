"""Applications: who may call from outside, and what."""

import builtins
import re
import secrets
from collections.abc import Iterable

from ..domain.audit import AuditEntry
from ..domain.definition import invalid
from ..domain.errors import AuthenticationFailed
from ..domain.rates import is_rate
from ..domain.records import LOCAL, Application, Grant, Principal
from ..store.store import Store

# What the product can choose per application (finedatalink-open-platform.md section 8.2), and our page applications.
METHODS = ("aksk", "digest", "page")
DIGEST_ALGORITHMS = ("MD5", "SHA256", "SM3")
_ORIGIN = re.compile(r"https?://[^/\s?#]+/?", re.IGNORECASE)
ID_BYTES = 16  # 32 hexadecimal characters, as the product's


class AccessService:
    """The use cases around applications and their grants."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(
        self,
        name: str,
        *,
        method: str = "aksk",
        grants: Iterable[Grant] = (),
        digest_algorithm: str = "MD5",
        digest_timeout_s: int = 300,
        rate: str | None = None,
        origins: Iterable[str] = (),
        principal: Principal = LOCAL,
    ) -> Application:
        """Create an application with a random id and secret and return it; a page application gets no secret.

        `rate` is a limit such as "60/minute", `origins` are where a page application's pages are served from
        ("https://reports.example.com"). Raises DefinitionInvalid.
        """
        application = Application(
            id=0,
            client_id=secrets.token_hex(ID_BYTES),
            name=name,
            method=method,
            secret=None if method == "page" else secrets.token_hex(ID_BYTES),
            digest_algorithm=digest_algorithm.upper(),
            digest_timeout_s=digest_timeout_s,
            rate=rate or None,
            origins=tuple(origins),
            enabled=True,
            grants=tuple(grants),
        )
        if problems := _problems(application):
            raise invalid(problems)
        self._store.applications.add(application, _did(principal, "application.create", application))
        return self._require(application.client_id)

    def get(self, client_id: str) -> Application | None:
        """Return an application with its secret in clear, for verification, or None."""
        return self._store.catalog.current().applications.get(client_id)

    def list(self) -> builtins.list[Application]:
        """Return every application, oldest first."""
        return list(self._store.catalog.current().applications.values())

    def grant(self, client_id: str, grants: Iterable[Grant], principal: Principal = LOCAL) -> Application:
        """Add grants; raises AuthenticationFailed for an unknown id."""
        application, wanted = self._require(client_id), tuple(grants)
        entry = _did(principal, "application.grant", application, grants=_words(wanted))
        self._store.applications.grant(application.id, wanted, entry)
        return self._require(client_id)

    def revoke(self, client_id: str, grants: Iterable[Grant], principal: Principal = LOCAL) -> Application:
        """Take grants away; raises AuthenticationFailed for an unknown id."""
        application, unwanted = self._require(client_id), tuple(grants)
        entry = _did(principal, "application.revoke", application, grants=_words(unwanted))
        self._store.applications.revoke(application.id, unwanted, entry)
        return self._require(client_id)

    def enable(self, client_id: str, enabled: bool, principal: Principal = LOCAL) -> Application:
        """Let an application in or keep it out; raises AuthenticationFailed for an unknown id."""
        application = self._require(client_id)
        action = "application.enable" if enabled else "application.disable"
        self._store.applications.enable(application.id, enabled, _did(principal, action, application))
        return self._require(client_id)

    def delete(self, client_id: str, principal: Principal = LOCAL) -> None:
        """Delete an application; raises AuthenticationFailed for an unknown id."""
        application = self._require(client_id)
        self._store.applications.delete(application.id, _did(principal, "application.delete", application))

    def _require(self, client_id: str) -> Application:
        application = self.get(client_id)
        if application is None:
            raise AuthenticationFailed(f"There is no application '{client_id[:64]}'.")
        return application


def _did(principal: Principal, action: str, application: Application, **details: object) -> AuditEntry:
    return principal.did(action, application.name, client_id=application.client_id, **details)


def _words(grants: Iterable[Grant]) -> builtins.list[str]:
    return [grant.operation if grant.task_id is None else f"{grant.operation}:{grant.task_id}" for grant in grants]


def _problems(application: Application) -> builtins.list[tuple[str, str]]:
    problems = []
    if not 1 <= len(application.name) <= 128:
        problems.append(("name", "take 1 to 128 characters"))
    if application.method not in METHODS:
        problems.append(("method", f"'{application.method}' is not one of {', '.join(METHODS)}"))
    if application.digest_algorithm not in DIGEST_ALGORITHMS:
        problems.append(("digest_algorithm", f"take one of {', '.join(DIGEST_ALGORITHMS)}"))
    if application.digest_timeout_s < 1:
        problems.append(("digest_timeout_s", "take at least 1 second"))
    if application.rate and not is_rate(application.rate):
        problems.append(("rate", f"'{application.rate}' is not a rate; write it like 60/minute"))
    for origin in application.origins:
        if not _ORIGIN.fullmatch(origin):
            problems.append(("origins", f"'{origin}' is not an origin; write it like https://reports.example.com"))
    if application.method == "page" and not application.origins:
        problems.append(("origins", "a page application needs the origins its pages are served from"))
    if application.method == "page" and any(grant.task_id is None for grant in application.grants):
        problems.append(("grants", "a page application is bound to named tasks: grant each task by itself"))
    return problems
