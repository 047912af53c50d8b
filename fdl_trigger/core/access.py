"""Applications: who may call from outside, and what."""

import builtins
import secrets
from collections.abc import Iterable

from ..domain.definition import invalid
from ..domain.errors import AuthenticationFailed
from ..domain.records import Application, Grant
from ..store.store import Store

# What the product can choose per application (finedatalink-open-platform.md section 8.2), and our page applications.
METHODS = ("aksk", "digest", "page")
DIGEST_ALGORITHMS = ("MD5", "SHA256", "SM3")
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
        self._store.applications.add(application)
        return self._require(application.client_id)

    def get(self, client_id: str) -> Application | None:
        """Return an application with its secret in clear, for verification, or None."""
        return self._store.catalog.current().applications.get(client_id)

    def list(self) -> builtins.list[Application]:
        """Return every application, oldest first."""
        return list(self._store.catalog.current().applications.values())

    def grant(self, client_id: str, grants: Iterable[Grant]) -> Application:
        """Add grants; raises AuthenticationFailed for an unknown id."""
        self._store.applications.grant(self._require(client_id).id, grants)
        return self._require(client_id)

    def revoke(self, client_id: str, grants: Iterable[Grant]) -> Application:
        """Take grants away; raises AuthenticationFailed for an unknown id."""
        self._store.applications.revoke(self._require(client_id).id, grants)
        return self._require(client_id)

    def enable(self, client_id: str, enabled: bool) -> Application:
        """Let an application in or keep it out; raises AuthenticationFailed for an unknown id."""
        self._store.applications.enable(self._require(client_id).id, enabled)
        return self._require(client_id)

    def delete(self, client_id: str) -> None:
        """Delete an application; raises AuthenticationFailed for an unknown id."""
        self._store.applications.delete(self._require(client_id).id)

    def _require(self, client_id: str) -> Application:
        application = self.get(client_id)
        if application is None:
            raise AuthenticationFailed(f"There is no application '{client_id[:64]}'.")
        return application


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
    if application.method == "page" and not application.origins:
        problems.append(("origins", "a page application needs the origins its pages are served from"))
    if application.method == "page" and any(grant.task_id is None for grant in application.grants):
        problems.append(("grants", "a page application is bound to named tasks: grant each task by itself"))
    return problems
