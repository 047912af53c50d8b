"""Users; of their passwords only hashes are kept."""

import json
import sqlite3
from typing import Any

from ..domain.audit import AuditEntry
from ..domain.clock import Clock
from ..domain.users import Role, User
from .audit import audited
from .changes import changed
from .database import StoreDatabase
from .tokens import revoke_all
from .writer import Work, Writer

_COLUMNS = "id, uid, name, display_name, role, folders, enabled, password_hash, created_at"


class UserStore:
    """Keeps users; a change is durable when the call returns. What takes rights away also ends the user's logins."""

    def __init__(self, database: StoreDatabase, writer: Writer, clock: Clock) -> None:
        self._database = database
        self._writer = writer
        self._clock = clock

    def all(self) -> list[User]:
        """Return every user, by name."""
        return [_user(row) for row in self._database.read(f"SELECT {_COLUMNS} FROM person ORDER BY name")]

    def add(self, user: User, entry: AuditEntry) -> None:
        """Insert a user; its id and created_at are set here. Raises sqlite3.IntegrityError for a name in use."""
        values = (user.uid, user.name, user.display_name, user.role, json.dumps(user.folders), user.enabled)

        def work(connection: sqlite3.Connection) -> None:
            changed(connection)
            connection.execute(
                "INSERT INTO person (uid, name, display_name, role, folders, enabled, password_hash, created_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*values, user.password_hash, self._clock()),
            )

        self._write(work, entry)

    def set_password(self, user_id: int, password_hash: str, entry: AuditEntry) -> None:
        """Replace the password hash and end every login of the user."""

        def work(connection: sqlite3.Connection) -> None:
            changed(connection)
            connection.execute("UPDATE person SET password_hash = ? WHERE id = ?", (password_hash, user_id))
            revoke_all(connection, user_id, self._clock())

        self._write(work, entry)

    def set_role(self, user_id: int, role: Role, folders: tuple[str, ...], entry: AuditEntry) -> None:
        """Replace role and folders; they hold from the next call on."""

        def work(connection: sqlite3.Connection) -> None:
            changed(connection)
            connection.execute(
                "UPDATE person SET role = ?, folders = ? WHERE id = ?", (role, json.dumps(folders), user_id)
            )

        self._write(work, entry)

    def enable(self, user_id: int, enabled: bool, entry: AuditEntry) -> None:
        """Let the user in, or keep them out and end every login of theirs."""

        def work(connection: sqlite3.Connection) -> None:
            changed(connection)
            connection.execute("UPDATE person SET enabled = ? WHERE id = ?", (enabled, user_id))
            if not enabled:
                revoke_all(connection, user_id, self._clock())

        self._write(work, entry)

    def delete(self, user_id: int, entry: AuditEntry) -> None:
        """Delete the user and end every login of theirs."""

        def work(connection: sqlite3.Connection) -> None:
            changed(connection)
            connection.execute("DELETE FROM person WHERE id = ?", (user_id,))
            revoke_all(connection, user_id, self._clock())

        self._write(work, entry)

    def _write(self, work: Work[None], entry: AuditEntry) -> None:
        self._writer.write(audited(work, entry, self._clock))


def _user(row: tuple[Any, ...]) -> User:
    number, uid, name, display_name, role, folders, enabled, password_hash, created_at = row
    return User(
        id=number,
        uid=uid,
        name=name,
        display_name=display_name,
        role=Role(role),
        folders=tuple(json.loads(folders)),
        enabled=bool(enabled),
        password_hash=password_hash,
        created_at=created_at,
    )
