"""Applications: who may call from outside, and what."""

import builtins
import secrets
from collections.abc import Iterable
from dataclasses import replace

from ..domain.applications import Application, ApplicationKey
from ..domain.audit import AuditEntry
from ..domain.definition import invalid
from ..domain.errors import AuthenticationFailed
from ..domain.operations import Operation
from ..domain.records import LOCAL, Grant, Principal
from ..domain.sm2_keys import normalise_public_key
from ..store.store import Store
from .application_rules import DIGEST_ALGORITHMS, METHODS, problems, public_key_problem
from .permissions import require_everywhere

__all__ = ["DIGEST_ALGORITHMS", "METHODS", "AccessService", "new_secret"]

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
        public_key: str | None = None,
        once: bool = False,
        bound: bool = False,
        operators: Iterable[str] = (),
        principal: Principal = LOCAL,
    ) -> Application:
        """Create an application with a random id and secret and return it; a page or sm2 application gets no secret.

        `rate` is a limit such as "60/minute", `origins` are where a page application's pages are served from
        ("https://reports.example.com"), `public_key` is an SM2 key in hexadecimal, PEM or base64 DER.
        `digest_timeout_s` is the life of a signature (digest, sm2), `once` refuses it a second time, `bound` has it
        cover the request (sm2). `operators` are the users the application may name as decUser; empty means any.
        Raises PermissionDenied, DefinitionInvalid.
        """
        require_everywhere(principal, Operation.MANAGE_ACCESS)
        application = Application(
            id=0,
            client_id=secrets.token_hex(ID_BYTES),
            name=name,
            method=method,
            digest_algorithm=digest_algorithm.upper(),
            digest_timeout_s=digest_timeout_s,
            rate=rate or None,
            origins=tuple(origins),
            grants=tuple(grants),
            keys=_keys(method, public_key),
            once=once,
            bound=bound,
            operators=tuple(operators),
        )
        found = problems(application)
        if public_key is not None and method != "sm2":
            found.append(("public_key", "only an sm2 application has one"))
        if found:
            raise invalid(found)
        self._store.applications.add(application, _did(principal, "application.create", application))
        return self.require(application.client_id)

    def get(self, client_id: str) -> Application | None:
        """Return an application with its keys in clear, for verification, or None."""
        return self._store.catalog.current().applications.get(client_id)

    def list(self) -> builtins.list[Application]:
        """Return every application, oldest first."""
        return list(self._store.catalog.current().applications.values())

    def grant(self, client_id: str, grants: Iterable[Grant], principal: Principal = LOCAL) -> Application:
        """Add grants; raises PermissionDenied, AuthenticationFailed for an unknown id, DefinitionInvalid."""
        application, wanted = self._managed(client_id, principal), tuple(grants)
        if found := problems(replace(application, grants=wanted)):
            raise invalid(found)
        entry = _did(principal, "application.grant", application, grants=_words(wanted))
        self._store.applications.grant(application.id, wanted, entry)
        return self.require(client_id)

    def revoke(self, client_id: str, grants: Iterable[Grant], principal: Principal = LOCAL) -> Application:
        """Take grants away; raises PermissionDenied, AuthenticationFailed for an unknown id."""
        application, unwanted = self._managed(client_id, principal), tuple(grants)
        entry = _did(principal, "application.revoke", application, grants=_words(unwanted))
        self._store.applications.revoke(application.id, unwanted, entry)
        return self.require(client_id)

    def enable(self, client_id: str, enabled: bool, principal: Principal = LOCAL) -> Application:
        """Let an application in or keep it out; raises PermissionDenied, AuthenticationFailed for an unknown id."""
        application = self._managed(client_id, principal)
        action = "application.enable" if enabled else "application.disable"
        self._store.applications.enable(application.id, enabled, _did(principal, action, application))
        return self.require(client_id)

    def delete(self, client_id: str, principal: Principal = LOCAL) -> None:
        """Delete an application; raises PermissionDenied, AuthenticationFailed for an unknown id."""
        application = self._managed(client_id, principal)
        self._store.applications.delete(application.id, _did(principal, "application.delete", application))

    def _managed(self, client_id: str, principal: Principal) -> Application:
        require_everywhere(principal, Operation.MANAGE_ACCESS)
        return self.require(client_id)

    def require(self, client_id: str) -> Application:
        """Return an application; raises AuthenticationFailed for an unknown id."""
        application = self.get(client_id)
        if application is None:
            raise AuthenticationFailed(f"There is no application '{client_id[:64]}'.")
        return application


def _did(principal: Principal, action: str, application: Application, **details: object) -> AuditEntry:
    return principal.did(action, application.name, client_id=application.client_id, **details)


def _words(grants: Iterable[Grant]) -> builtins.list[str]:
    return [grant.operation if grant.task_id is None else f"{grant.operation}:{grant.task_id}" for grant in grants]


def new_secret() -> str:
    """Return a fresh random secret: 32 hexadecimal characters, as the product's."""
    return secrets.token_hex(ID_BYTES)


def _keys(method: str, public_key: str | None) -> tuple[ApplicationKey, ...]:
    if public_key is not None:
        wrong = public_key_problem(public_key)
        return (ApplicationKey(public_key if wrong else normalise_public_key(public_key)),)
    return () if method in ("page", "sm2") else (ApplicationKey(new_secret()),)
