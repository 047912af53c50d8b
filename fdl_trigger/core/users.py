"""Users: who may log in, and what they may. There are none until somebody makes the first one."""

import builtins
import sqlite3
import unicodedata
import uuid
from collections.abc import Iterable

from ..domain.definition import invalid
from ..domain.errors import AuthenticationFailed, UserNotFound
from ..domain.operations import Operation
from ..domain.records import LOCAL, Principal, folder_path
from ..domain.users import Role, User
from ..store.store import Store
from .passwords import hash_password, is_password, password_problem
from .permissions import require_everywhere

NAME_LENGTH = 128
FOLDER_LENGTH = 512
MAX_FOLDERS = 100


class UserService:
    """The use cases around users. Everything but `verify` and `operator` needs the right to manage access."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(
        self,
        name: str,
        password: str,
        *,
        role: Role = Role.VIEWER,
        folders: Iterable[str] = (),
        display_name: str = "",
        principal: Principal = LOCAL,
    ) -> User:
        """Create a user; `folders` limits the tasks they reach, with subfolders. Raises DefinitionInvalid."""
        require_everywhere(principal, Operation.MANAGE_ACCESS)
        name = _normal(name)
        shown = _normal(display_name) or name
        limits = _limits(folders)
        problems = [*self._name_problems(name, shown), *_password_problems(password), *_folder_problems(role, limits)]
        if problems:
            raise invalid(problems)
        user = User(0, str(uuid.uuid4()), name, shown, role, limits, True, hash_password(password))
        entry = principal.did("user.create", name, role=role, folders=limits)
        try:
            self._store.users.add(user, entry)
        except sqlite3.IntegrityError:
            raise invalid([("name", f"there is already a user '{name}'")]) from None
        return self.get(name)

    def get(self, name: str, principal: Principal = LOCAL) -> User:
        """Return a user by name; raises UserNotFound."""
        require_everywhere(principal, Operation.MANAGE_ACCESS)
        user = self._store.catalog.current().users.get(_normal(name))
        if user is None:
            raise UserNotFound(f"There is no user '{name[:NAME_LENGTH]}'.")
        return user

    def list(self, principal: Principal = LOCAL) -> builtins.list[User]:
        """Return every user, by name."""
        require_everywhere(principal, Operation.MANAGE_ACCESS)
        return list(self._store.catalog.current().users.values())

    def set_password(self, name: str, password: str, principal: Principal = LOCAL) -> User:
        """Replace a password and end every login of the user; raises UserNotFound, DefinitionInvalid."""
        user = self.get(name, principal)
        if problems := _password_problems(password):
            raise invalid(problems)
        self._store.users.set_password(user.id, hash_password(password), principal.did("user.password", user.name))
        return self.get(user.name)

    def set_role(
        self, name: str, role: Role, folders: Iterable[str] | None = None, principal: Principal = LOCAL
    ) -> User:
        """Replace the role and, when given, the folders; raises UserNotFound, DefinitionInvalid."""
        user = self.get(name, principal)
        limits = user.folders if folders is None else _limits(folders)
        if problems := _folder_problems(role, limits):
            raise invalid(problems)
        self._store.users.set_role(
            user.id, role, limits, principal.did("user.role", user.name, role=role, folders=limits)
        )
        return self.get(user.name)

    def enable(self, name: str, enabled: bool, principal: Principal = LOCAL) -> User:
        """Let a user in, or keep them out and end every login of theirs; raises UserNotFound."""
        user = self.get(name, principal)
        action = "user.enable" if enabled else "user.disable"
        self._store.users.enable(user.id, enabled, principal.did(action, user.name))
        return self.get(user.name)

    def delete(self, name: str, principal: Principal = LOCAL) -> None:
        """Delete a user and end every login of theirs; raises UserNotFound."""
        user = self.get(name, principal)
        self._store.users.delete(user.id, principal.did("user.delete", user.name))

    def verify(self, name: str, password: str) -> User | None:
        """Return the user with this name and password who may log in, or None; costs the same time either way."""
        user = self.find(name)
        is_right = is_password(user.password_hash if user else None, password)
        return user if user is not None and is_right and user.enabled else None

    def why_not(self, name: str) -> str:
        """Return why somebody was not let in, for the audit log and nobody else."""
        user = self.find(name)
        if user is None:
            return "unknown user"
        return "wrong password" if user.enabled else "disabled user"

    def find(self, name: str) -> User | None:
        """Return the user of a name, or None; for the login and for tokens."""
        return self._store.catalog.current().users.get(_normal(name[: NAME_LENGTH + 1]))

    def operator(self, text: str) -> str:
        """Return the name of the operating user a caller names (`decUser`), by name or by uid.

        As long as there are no users any name will do; from the first one on it must be one who may log in, or
        AuthenticationFailed is raised (finedatalink-open-platform.md section 8.1).
        """
        users = self._store.catalog.current().users
        if not users:
            return text
        user = users.get(_normal(text)) or next((one for one in users.values() if one.uid == text.lower()), None)
        if user is None or not user.enabled:
            raise AuthenticationFailed("decUser: there is no such user.", check="unknown decUser")
        return user.name

    def _name_problems(self, name: str, display_name: str) -> builtins.list[tuple[str, str]]:
        problems = []
        if not 1 <= len(name) <= NAME_LENGTH or not name.isprintable():
            problems.append(("name", f"take 1 to {NAME_LENGTH} printable characters"))
        if len(display_name) > NAME_LENGTH or not display_name.isprintable():
            problems.append(("display_name", f"take at most {NAME_LENGTH} printable characters"))
        taken = {known.casefold(): known for known in self._store.catalog.current().users}
        if other := taken.get(name.casefold()):
            problems.append(("name", f"there is already a user '{other}'"))
        return problems


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _limits(folders: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(folder_path(folder.strip()) for folder in folders))


def _password_problems(password: str) -> builtins.list[tuple[str, str]]:
    problem = password_problem(password)
    return [("password", problem)] if problem else []


def _folder_problems(role: Role, folders: tuple[str, ...]) -> builtins.list[tuple[str, str]]:
    problems = []
    if role is Role.ADMIN and folders:
        problems.append(("folders", "an administrator reaches everything: give no folders, or another role"))
    if len(folders) > MAX_FOLDERS:
        problems.append(("folders", f"name at most {MAX_FOLDERS}"))
    if any(len(folder) > FOLDER_LENGTH or not folder.isprintable() for folder in folders):
        problems.append(("folders", f"a folder has at most {FOLDER_LENGTH} printable characters"))
    return problems
