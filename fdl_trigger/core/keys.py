"""Keys: rotated without a gap, disabled, their last use; signatures that count once."""

from ..domain.applications import Application, ApplicationKey
from ..domain.clock import Clock
from ..domain.definition import invalid
from ..domain.errors import InvalidParameter
from ..domain.operations import Operation
from ..domain.records import LOCAL, Principal
from ..domain.sm2_keys import normalise_public_key
from ..store.store import Store
from .access import AccessService, new_secret
from .application_rules import public_key_problem
from .permissions import require_everywhere

DAY_S = 86_400
LONGEST_OVERLAP_S = 365 * DAY_S


class KeyService:
    """The use cases around keys. Applications are named by their client id; unknown ones raise AuthenticationFailed."""

    def __init__(self, store: Store, access: AccessService, clock: Clock) -> None:
        self._store = store
        self._access = access
        self._clock = clock

    def list(self, client_id: str) -> tuple[ApplicationKey, ...]:
        """Return the keys of an application, oldest first; their secrets are in clear and not for showing."""
        return self._store.keys.of(self._access.require(client_id).id)

    def rotate(
        self,
        client_id: str,
        *,
        expire_old_s: int = DAY_S,
        public_key: str | None = None,
        principal: Principal = LOCAL,
    ) -> ApplicationKey:
        """Add a key and return it, its secret in clear this once; the one before lives on for `expire_old_s` seconds.

        Keys older than that one end at once: no more than two live at a time. An sm2 application needs its new
        `public_key`, others take none. Raises PermissionDenied, DefinitionInvalid, InvalidParameter.
        """
        require_everywhere(principal, Operation.MANAGE_ACCESS)
        application = self._access.require(client_id)
        if not 0 <= expire_old_s <= LONGEST_OVERLAP_S:
            raise InvalidParameter(f"The old key may live for 0 to {LONGEST_OVERLAP_S} more seconds.")
        secret = _next_secret(application, public_key)
        entry = principal.did(
            "application.rotate_key", application.name, client_id=client_id, expire_old_s=expire_old_s
        )
        until = self._clock() + expire_old_s * 1000
        key_id = self._store.keys.rotate(application.id, client_id, secret, until, entry)
        return next(key for key in self.list(client_id) if key.id == key_id)

    def disable(self, client_id: str, key_id: int, principal: Principal = LOCAL) -> None:
        """Refuse a key from now on; raises PermissionDenied, InvalidParameter when the application has no such key."""
        require_everywhere(principal, Operation.MANAGE_ACCESS)
        application = self._access.require(client_id)
        if key_id not in [key.id for key in self.list(client_id)]:
            raise InvalidParameter(f"The application '{application.name}' has no key {key_id}.")
        entry = principal.did("application.disable_key", application.name, client_id=client_id, key=key_id)
        self._store.keys.disable(key_id, entry)

    def used(self, key_id: int) -> None:
        """Note that a key was just used; costs no write on the way."""
        self._store.keys.used(key_id)

    def spend(self, application_id: int, sign: str, until: int) -> bool:
        """Use a signature up and tell whether it was still unused; `until` is when it expires (epoch milliseconds)."""
        return self._store.used_signs.spend(application_id, sign, until)

    def take(self, application_id: int, sign: str, until: int) -> bool:
        """Do what `spend` does without waiting for the disk: what is written after this is so after the signature."""
        return self._store.used_signs.take(application_id, sign, until)


def _next_secret(application: Application, public_key: str | None) -> str:
    if application.method == "sm2":
        if reason := public_key_problem(public_key):
            raise invalid([("public_key", reason)])
        return normalise_public_key(public_key or "")
    if public_key is not None or application.method == "page":
        reason = "only an sm2 application has a public key" if public_key else "a page application has no key"
        raise invalid([("public_key", reason)])
    return new_secret()
