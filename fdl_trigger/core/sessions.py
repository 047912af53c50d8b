"""Logins: opened, found again, ended. Whoever holds a token proves it elsewhere; here is what it stands for."""

import builtins
import secrets

from ..domain.audit import AuditEntry, Outcome
from ..domain.clock import Clock
from ..domain.errors import ObjectNotFound, TokenInvalid
from ..domain.operations import Operation
from ..domain.records import LOCAL, Principal
from ..domain.users import Session, User
from ..store.store import Store
from .permissions import require_everywhere

ID_BYTES = 16
UNKNOWN = "(unknown user)"


class SessionService:
    """The use cases around logins."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def signing_key(self) -> bytes:
        """Return the key that signs this installation's tokens."""
        return self._store.tokens.signing_key()

    def open(self, user: User, life_s: int, principal: Principal) -> Session:
        """Open a login of `life_s` seconds for a user who proved who they are; it is durable when this returns."""
        issued_at = self._clock() // 1000 * 1000
        session = Session(secrets.token_hex(ID_BYTES), user.id, user.name, issued_at, issued_at + life_s * 1000)
        self._store.tokens.add(session, principal.did("user.login", user.name, token=session.jti, life_s=life_s))
        return session

    def user_of(self, name: str, jti: str) -> User:
        """Return the user a genuine token stands for; raises TokenInvalid when it was ended or the user may not in."""
        snapshot = self._store.catalog.current()
        user = snapshot.users.get(name)
        if user is None or not user.enabled or jti in snapshot.revoked_tokens:
            raise TokenInvalid
        return user

    def close(self, jti: str, principal: Principal) -> bool:
        """End a login of the caller's own; return whether it was still open."""
        return self._store.tokens.revoke(jti, principal.did("user.logout", principal.name, token=jti))

    def refuse(self, name: str, reason: str, principal: Principal) -> None:
        """Note that a login was refused.

        A name nobody has is not written down: it may be a mistyped password.
        """
        known = self._store.catalog.current().users.get(name)
        shown = known.name if known else UNKNOWN
        entry = AuditEntry(shown, "user.login", shown, Outcome.REFUSED, reason, principal.address, principal.request_id)
        self._store.audit.post(entry)

    def list(self, principal: Principal = LOCAL) -> builtins.list[Session]:
        """Return the logins in force, newest first."""
        require_everywhere(principal, Operation.MANAGE_ACCESS)
        return self._store.tokens.open()

    def revoke(self, jti: str, principal: Principal = LOCAL) -> None:
        """End anybody's login; raises ObjectNotFound when there is none in force with this id."""
        require_everywhere(principal, Operation.MANAGE_ACCESS)
        if not self._store.tokens.revoke(jti, principal.did("token.revoke", jti)):
            raise ObjectNotFound(f"There is no login '{jti[:64]}' in force.")

    def revoke_all(self, user: User, principal: Principal = LOCAL) -> int:
        """End every login of a user; return how many there were."""
        require_everywhere(principal, Operation.MANAGE_ACCESS)
        return self._store.tokens.revoke_all(user.id, principal.did("token.revoke_all", user.name))
