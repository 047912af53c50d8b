"""People: their roles, the folders they are limited to, and the tokens they log in with."""

from dataclasses import dataclass, field
from enum import StrEnum

from .operations import Operation
from .records import Grant, Principal


class Role(StrEnum):
    """What a user is there for."""

    ADMIN = "admin"
    OPERATOR = "operator"
    VIEWER = "viewer"


ROLE_OPERATIONS: dict[Role, tuple[Operation, ...]] = {
    Role.ADMIN: tuple(Operation),
    Role.OPERATOR: (Operation.EXECUTE, Operation.LIST, Operation.READ, Operation.TERMINATE),
    Role.VIEWER: (Operation.LIST, Operation.READ),
}


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in. `folders` limits the tasks they reach, with subfolders; empty means every task.

    `created_at` is in UTC epoch milliseconds.
    """

    id: int
    uid: str
    name: str
    display_name: str
    role: Role
    folders: tuple[str, ...]
    enabled: bool
    password_hash: str = field(repr=False)
    created_at: int = 0

    @property
    def grants(self) -> tuple[Grant, ...]:
        """What the role allows, in each of the folders."""
        places: tuple[str | None, ...] = self.folders or (None,)
        return tuple(Grant(operation, folder=folder) for operation in ROLE_OPERATIONS[self.role] for folder in places)

    def as_principal(self, address: str = "", request_id: str = "") -> Principal:
        """Return the user as `core` sees them."""
        return Principal(self.name, self.grants, address=address, request_id=request_id)


@dataclass(frozen=True, slots=True)
class Session:
    """A login: the id its token carries, whose it is, and its life in UTC epoch milliseconds."""

    jti: str
    user_id: int
    user_name: str
    issued_at: int
    expires_at: int
    revoked_at: int | None = None
