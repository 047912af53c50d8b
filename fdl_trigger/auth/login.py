"""Logging in, being recognised afterwards, and logging out: the same for every door."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Semaphore

from ..core.sessions import SessionService
from ..core.users import UserService
from ..domain.clock import Clock
from ..domain.errors import AuthenticationFailed, LoginFailed, LoginThrottled
from ..domain.records import Principal
from ..domain.users import Session, User
from . import token as tokens
from .throttle import LoginThrottle

KEEP_LOGIN_S = 14 * 86_400  # validity -2 (finedatalink-open-platform.md section 8.6)
# A password takes 32 MiB and some 60 ms to check; more at a time would let strangers starve the service.
CHECKS_AT_A_TIME = 4
CHECK_WAIT_S = 3.0


@dataclass(frozen=True, slots=True)
class Login:
    """A login that worked, with its token."""

    session: Session
    token: str = field(repr=False)
    user: User


class Logins:
    """Users and their tokens. `timeout_s` is the life of a login that is not kept, in seconds.

    The services are asked for each time: they come into being when the runtime starts.
    """

    def __init__(
        self,
        users: Callable[[], UserService],
        sessions: Callable[[], SessionService],
        throttle: LoginThrottle,
        clock: Clock,
        timeout_s: int,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._throttle = throttle
        self._clock = clock
        self._timeout_s = timeout_s
        self._checks = Semaphore(CHECKS_AT_A_TIME)

    def log_in(self, name: str, password: str, address: str, request_id: str, *, keep: bool = False) -> Login:
        """Check name and password and open a login: for 14 days to `keep` it, otherwise for the timeout.

        `address` and `request_id` are the caller's, for the audit log. Raises LoginFailed, LoginThrottled.
        """
        caller = Principal(name, address=address, request_id=request_id)
        user = self._checked(name, password, caller)
        if user is None:
            self._sessions().refuse(name, self._users().why_not(name), caller)
            raise LoginFailed
        self._throttle.forgive(name)
        life_s = KEEP_LOGIN_S if keep else self._timeout_s
        session = self._sessions().open(user, life_s, user.as_principal(address, request_id))
        return Login(session, tokens.sign(session, user.display_name, self._sessions().signing_key()), user)

    def _checked(self, name: str, password: str, caller: Principal) -> User | None:
        try:
            self._throttle.check(name, caller.address)
            return self._verified(name, password)
        except LoginThrottled:
            if self._throttle.is_news(caller.address):
                self._sessions().refuse(name, "too many attempts", caller)
            raise

    def _verified(self, name: str, password: str) -> User | None:
        if not self._checks.acquire(timeout=CHECK_WAIT_S):
            raise LoginThrottled("Too many people log in at the moment; try again.", retry_after=1)
        try:
            return self._users().verify(name, password)
        finally:
            self._checks.release()

    def authenticate(self, token: str, address: str, request_id: str) -> Principal:
        """Return who a token stands for, with the rights they have now; raises TokenInvalid, TokenExpired."""
        user, _ = self._owner(token)
        return user.as_principal(address, request_id)

    def log_out(self, token: str, address: str, request_id: str) -> bool:
        """End the login of a token; return whether it was open. One that is not genuine ends nothing."""
        try:
            user, jti = self._owner(token)
        except AuthenticationFailed:
            return False
        return self._sessions().close(jti, user.as_principal(address, request_id))

    def _owner(self, token: str) -> tuple[User, str]:
        claims = tokens.read(token, self._sessions().signing_key(), self._clock())
        return self._sessions().user_of(claims.user_name, claims.jti), claims.jti
