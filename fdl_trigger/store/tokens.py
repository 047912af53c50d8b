"""Logins and the key that signs their tokens. The tokens themselves are not kept."""

import secrets
import sqlite3

from ..domain.audit import AuditEntry
from ..domain.clock import Clock
from ..domain.users import Session
from .audit import append, audited
from .changes import changed
from .database import StoreDatabase
from .vault import Vault
from .writer import Writer

KEY_BYTES = 32
_CONTEXT = "token signing key"
_COLUMNS = "jti, user_id, user_name, issued_at, expires_at, revoked_at"


class TokenStore:
    """Keeps logins until they expire; a change is durable when the call returns."""

    def __init__(self, database: StoreDatabase, writer: Writer, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._writer = writer
        self._vault = vault
        self._clock = clock
        self._key: bytes | None = None

    def signing_key(self) -> bytes:
        """Return this installation's own key, 32 random bytes made at first use and kept encrypted."""
        if self._key is None:
            self._key = self._read_key() or self._make_key()
        return self._key

    def _read_key(self) -> bytes | None:
        rows = self._database.read("SELECT secret FROM signing_key")
        return bytes.fromhex(self._vault.decrypt(bytes(rows[0][0]), _CONTEXT)) if rows else None

    def _make_key(self) -> bytes:
        sealed = self._vault.encrypt(secrets.token_hex(KEY_BYTES), _CONTEXT)

        def work(connection: sqlite3.Connection) -> bytes:
            # Another process may have been faster; its key counts.
            connection.execute("INSERT OR IGNORE INTO signing_key (id, secret) VALUES (1, ?)", (sealed,))
            return bytes(connection.execute("SELECT secret FROM signing_key").fetchone()[0])

        return bytes.fromhex(self._vault.decrypt(self._writer.write(work), _CONTEXT))

    def add(self, session: Session, entry: AuditEntry) -> None:
        """Keep a new login, and forget those that have expired."""
        values = (session.jti, session.user_id, session.user_name, session.issued_at, session.expires_at)

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM token WHERE expires_at <= ?", (self._clock(),))
            connection.execute(f"INSERT INTO token ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, NULL)", values)

        self._writer.write(audited(work, entry, self._clock))

    def revoke(self, jti: str, entry: AuditEntry) -> bool:
        """End one login; return whether it was still open. One that was not leaves no entry."""

        def work(connection: sqlite3.Connection) -> bool:
            now = self._clock()
            ended = connection.execute(
                "UPDATE token SET revoked_at = ? WHERE jti = ? AND revoked_at IS NULL AND expires_at > ?",
                (now, jti, now),
            )
            if ended.rowcount:
                changed(connection)
                append(connection, entry, now)
            return ended.rowcount == 1

        return self._writer.write(work)

    def revoke_all(self, user_id: int, entry: AuditEntry) -> int:
        """End every login of a user; return how many were open."""

        def work(connection: sqlite3.Connection) -> int:
            changed(connection)
            return revoke_all(connection, user_id, self._clock())

        return self._writer.write(audited(work, entry, self._clock))

    def revoked(self) -> frozenset[str]:
        """Return the ids of the logins that were ended before their time."""
        rows = self._database.read(
            "SELECT jti FROM token WHERE revoked_at IS NOT NULL AND expires_at > ?", (self._clock(),)
        )
        return frozenset(jti for (jti,) in rows)

    def open(self) -> list[Session]:
        """Return the logins that are in force, newest first."""
        rows = self._database.read(
            f"SELECT {_COLUMNS} FROM token WHERE revoked_at IS NULL AND expires_at > ? ORDER BY issued_at DESC, jti",
            (self._clock(),),
        )
        return [Session(*row) for row in rows]


def revoke_all(connection: sqlite3.Connection, user_id: int, now: int) -> int:
    """End every login of a user inside the current transaction; return how many were open."""
    return connection.execute(
        "UPDATE token SET revoked_at = ? WHERE user_id = ? AND revoked_at IS NULL AND expires_at > ?",
        (now, user_id, now),
    ).rowcount
