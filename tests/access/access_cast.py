"""Everybody who may knock: each with credentials, the doors these open, and the operations behind them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import jwt
from access_blocks import block
from access_routes import ADMIN, APPLICATION, ENOS, MODULE, ROMA, Route

from fdl_trigger.auth import token as tokens
from fdl_trigger.auth.digest import sign
from fdl_trigger.domain.apigw import Signable, authorization, date_text
from fdl_trigger.domain.clock import system_clock
from fdl_trigger.domain.operations import CALLS, Operation
from fdl_trigger.domain.records import Grant
from fdl_trigger.domain.users import ROLE_OPERATIONS, Role, Session
from fdl_trigger.runtime import Runtime

PASSWORD = "correct horse battery staple 7"
ORIGIN = "https://reports.example.com"
NONE: frozenset[Operation] = frozenset()


@dataclass(frozen=True)
class Caller:
    """Somebody with credentials as headers and query fields; `doors` names the paths where these count.

    Whoever `signs` (key, secret, milliseconds from now) signs each call with SDK-HMAC-SHA256.
    """

    name: str
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    doors: frozenset[str] = frozenset()
    operations: frozenset[Operation] = NONE
    signs: tuple[str, str, int] | None = None

    def headers_for(self, method: str, path: str, query: str) -> dict[str, str]:
        """Return the headers of a call."""
        if self.signs is None:
            return self.headers
        key, secret, at = self.signs
        given = {"host": "localhost", "x-sdk-date": date_text(system_clock() + at)}
        given["x-sdk-content-sha256"] = "UNSIGNED-PAYLOAD"
        request = Signable(method, path, query, given, given["x-sdk-content-sha256"])
        return {**given, "Authorization": authorization(request, key, secret)}

    def may(self, route: Route) -> bool:
        return route.door in self.doors and route.permission in self.operations


class Cast:
    """Makes everybody, once, in a running service."""

    def __init__(self, runtime: Runtime, workId: str, otherWorkId: str) -> None:
        self._runtime = runtime
        self._task = runtime.tasks.get(uid=workId).id
        self._other = runtime.tasks.get(uid=otherWorkId).id
        self._now = system_clock()

    def everybody(self) -> list[Caller]:
        """Return all callers, those who may least first."""
        strangers = [*self._strangers(), *self._applications_out(), *self._tokens_out()]
        return [
            *strangers,
            *self._users(),
            *self._applications(),
            *self._roma_applications(),
            *self._enos_applications(),
        ]

    def _enos_applications(self) -> Iterator[Caller]:
        app = self._app("enos stranger", grants=[Grant(one) for one in Operation])
        yield self._block("block with a wrong secret", app.client_id, "0" * 32)
        yield self._block("block with an unknown key", "0" * 32, app.secret)
        yield Caller("malformed block", {"apim-accesstoken": "A" * 344})
        token = {"apim-accesstoken": "x", "apim-timestamp": str(self._now), "apim-signature": "0" * 64}
        yield Caller("signed with a token of nobody", token)
        off = self._app("enos disabled", grants=[Grant(one) for one in Operation])
        self._runtime.access.enable(off.client_id, False)
        yield self._block("block of a disabled application", off.client_id, off.secret)
        for operation in Operation:
            one = self._app(f"enos {operation}", grants=[Grant(operation)])
            found = self._block(f"block, may {operation}", one.client_id, one.secret)
            yield replace(found, doors=frozenset({ENOS}), operations=frozenset({operation}))

    def _block(self, name: str, key: str, secret: str | None) -> Caller:
        return Caller(name, {"apim-accesstoken": block(self._runtime, key, secret or "")})

    def _roma_applications(self) -> Iterator[Caller]:
        app = self._app("roma stranger", grants=[Grant(one) for one in Operation])
        key, secret = app.client_id, app.secret or ""
        yield Caller("signed with a wrong secret", signs=(key, "0" * 32, 0))
        yield Caller("signed with an unknown key", signs=("0" * 32, secret, 0))
        yield Caller("signed too long ago", signs=(key, secret, -901_000))
        yield Caller("signed in the future", signs=(key, secret, 901_000))
        yield Caller("malformed gateway signature", {"Authorization": f"SDK-HMAC-SHA256 Access={key}"})
        yield Caller("wrong static token", {"X-Auth-Token": "0" * 32})
        off = self._app("roma disabled", grants=[Grant(one) for one in Operation])
        self._runtime.access.enable(off.client_id, False)
        yield Caller("signed by a disabled application", signs=(off.client_id, off.secret or "", 0))
        for operation in Operation:
            one = self._app(f"roma {operation}", grants=[Grant(operation)])
            signs = (one.client_id, one.secret or "", 0)
            yield Caller(f"signed, may {operation}", {}, {}, frozenset({ROMA}), frozenset({operation}), signs)

    def _strangers(self) -> Iterator[Caller]:
        yield Caller("nobody")
        yield Caller("unknown id", {"client_id": "0" * 32, "secret": "0" * 32})
        yield Caller("malformed secret", {"client_id": "x", "secret": "\x01' OR 1=1 --"})
        yield Caller("malformed signature", {"client_id": "x", "_sign_": "zz" * 300})
        yield Caller("basic password", {"Authorization": "Basic dGhlIGFkbWluOnNlY3JldA=="})
        yield Caller("empty bearer", {"Authorization": "Bearer "})

    def _applications_out(self) -> Iterator[Caller]:
        app = self._app("wrong secret")
        yield Caller("wrong secret", {"client_id": app.client_id, "secret": "0" * 32})
        yield Caller("secret in capitals", {"client_id": app.client_id, "secret": (app.secret or "").upper() + "A"})
        yield Caller("secret as bearer", {"Authorization": f"Bearer {app.secret}"})
        off = self._app("disabled")
        self._runtime.access.enable(off.client_id, False)
        yield Caller("disabled", {"client_id": off.client_id, "secret": off.secret or ""})
        rotated = self._app("rotated")
        self._runtime.keys.rotate(rotated.client_id, expire_old_s=0)
        yield Caller("revoked key", {"client_id": rotated.client_id, "secret": rotated.secret or ""})
        gone = self._app("deleted")
        self._runtime.access.delete(gone.client_id)
        yield Caller("deleted", {"client_id": gone.client_id, "secret": gone.secret or ""})
        yield from self._signers_out()
        page = self._page()
        yield Caller("page of another origin", {"client_id": page.client_id, "Origin": "https://evil.example.com"})
        yield Caller("page without origin", {"client_id": page.client_id})

    def _signers_out(self) -> Iterator[Caller]:
        app = self._app("signer", method="digest")
        for name, at in (("expired signature", -301_000), ("signature of the future", 60_000)):
            signature = sign(app.client_id, app.secret or "", self._now + at)
            yield Caller(name, {"client_id": app.client_id, "_sign_": signature})
        signature = sign(app.client_id, "0" * 32, self._now)
        yield Caller("signature with a wrong key", {"client_id": app.client_id, "_sign_": signature})
        yield Caller("signer with its bare secret", {"client_id": app.client_id, "secret": app.secret or ""})

    def _tokens_out(self) -> Iterator[Caller]:
        session, good = self._log_in("former", Role.ADMIN)
        self._runtime.sessions.revoke(session.jti)
        yield _bearer("revoked token", good)
        self._log_in("locked", Role.ADMIN)
        _, locked = self._log_in("locked out", Role.ADMIN)
        self._runtime.users.enable("locked out", False)
        yield _bearer("token of a disabled user", locked)
        session, token = self._log_in("late", Role.ADMIN)
        key = self._runtime.sessions.signing_key()
        past = replace(session, issued_at=self._now - 7_200_000, expires_at=self._now - 1000)
        yield _bearer("expired token", tokens.sign(past, "late", key))
        yield _bearer("token with a wrong key", tokens.sign(session, "late", b"0" * 32))
        claims = jwt.decode(token, options={"verify_signature": False})
        yield _bearer("token without a signature", jwt.encode(claims, None, algorithm="none"))
        yield _bearer("token of another issuer", jwt.encode({**claims, "iss": "other"}, key, "HS256"))
        yield _bearer("token of somebody else", jwt.encode({**claims, "sub": "nobody"}, key, "HS256"))
        yield _bearer("malformed token", "a.b.c")
        yield _bearer("cut token", token[:-4])

    def _users(self) -> Iterator[Caller]:
        for role in (Role.VIEWER, Role.OPERATOR, Role.ADMIN):
            _, token = self._log_in(f"the {role}", role)
            operations = frozenset(ROLE_OPERATIONS[role])
            in_query = frozenset({MODULE})
            yield Caller(f"{role} by cookie", {"Cookie": f"fine_auth_token={token}"}, {}, in_query, operations)
            yield Caller(f"{role} by query", {}, {"fine_auth_token": token}, in_query, operations)
            yield Caller(f"{role}", {"Authorization": f"Bearer {token}"}, {}, frozenset({MODULE, ADMIN}), operations)

    def _applications(self) -> Iterator[Caller]:
        nothing = self._app("nothing granted", grants=())
        yield Caller("nothing granted", {"client_id": nothing.client_id, "secret": nothing.secret or ""})
        grants = [Grant(one, self._other) for one in CALLS]
        other = self._app("of another task", grants=grants)
        yield Caller("application of another task", {"client_id": other.client_id, "secret": other.secret or ""})
        doors = frozenset({APPLICATION})
        for operation in CALLS:
            app = self._app(f"may {operation}", grants=[Grant(operation, self._task)])
            headers = {"client_id": app.client_id, "secret": app.secret or ""}
            yield Caller(f"may {operation}", headers, {}, doors, frozenset({operation}))
        app = self._app("everything")
        headers = {"client_id": app.client_id, "secret": app.secret or ""}
        yield Caller("everything", headers, {}, doors, frozenset(CALLS))
        yield Caller("everything by query", {}, headers, doors, frozenset(CALLS))
        page = self._page()
        yield Caller("page", {"client_id": page.client_id, "Origin": ORIGIN}, {}, doors, frozenset({Operation.EXECUTE}))

    def _app(self, name: str, **values: Any) -> Any:
        return self._runtime.access.create(name, **{"grants": [Grant(one) for one in CALLS], **values})

    def _page(self) -> Any:
        grants = [Grant(Operation.EXECUTE, self._task)]
        return self._runtime.access.create("page", method="page", origins=[ORIGIN], grants=grants)

    def _log_in(self, name: str, role: Role) -> tuple[Session, str]:
        user = self._runtime.users.create(name, PASSWORD, role=role)
        session = self._runtime.sessions.open(user, 3600, user.as_principal())
        return session, tokens.sign(session, user.display_name, self._runtime.sessions.signing_key())


def _bearer(name: str, token: str) -> Caller:
    return Caller(name, {"Authorization": f"Bearer {token}"})
