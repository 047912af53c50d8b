"""Keys of applications: encrypted, two live ones while one takes over from the other, their last use."""

import sqlite3
import threading
from collections import defaultdict

from ..domain.applications import ApplicationKey
from ..domain.audit import AuditEntry
from ..domain.clock import Clock
from .audit import audited
from .changes import changed
from .database import StoreDatabase
from .vault import Vault
from .writer import Writer

FLUSH_MS = 60_000
_SELECT = """
SELECT k.application_id, a.client_id, k.secret, k.disabled, k.id, k.created_at, k.expires_at, k.last_used_at
FROM application_key k JOIN application a ON a.id = k.application_id
WHERE ?1 IS NULL OR k.application_id = ?1 ORDER BY k.id
"""
_USED = "UPDATE application_key SET last_used_at = max(coalesce(last_used_at, 0), ?) WHERE id = ?"


class KeyStore:
    """Keeps keys; a change is durable when the call returns, a last use within a minute or at `flush`."""

    def __init__(self, database: StoreDatabase, writer: Writer, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._writer = writer
        self._vault = vault
        self._clock = clock
        self._uses = _Uses()

    def all(self) -> dict[int, tuple[ApplicationKey, ...]]:
        """Return the keys of every application by its id, oldest first."""
        return self._read(None)

    def of(self, application_id: int) -> tuple[ApplicationKey, ...]:
        """Return the keys of one application, oldest first, with their last use as far as it is written down."""
        return self._read(application_id).get(application_id, ())

    def _read(self, application_id: int | None) -> dict[int, tuple[ApplicationKey, ...]]:
        found: defaultdict[int, tuple[ApplicationKey, ...]] = defaultdict(tuple)
        rows = self._database.read(_SELECT, (application_id,))
        for owner, client_id, sealed, disabled, key_id, created_at, expires_at, used_at in rows:
            secret = self._vault.decrypt(bytes(sealed), context(client_id))
            found[owner] += (ApplicationKey(secret, key_id, created_at, expires_at, used_at, bool(disabled)),)
        return found

    def rotate(self, application_id: int, client_id: str, secret: str, expire_old_at: int, entry: AuditEntry) -> int:
        """Add a key and return its id. The newest one before it ends at `expire_old_at`, older ones end now."""
        sealed = self._vault.encrypt(secret, context(client_id))

        def work(connection: sqlite3.Connection) -> int:
            changed(connection)
            now = self._clock()
            _expire(connection, application_id, expire_old_at, now)
            return insert(connection, application_id, sealed, now)

        return self._writer.write(audited(work, entry, self._clock))

    def disable(self, key_id: int, entry: AuditEntry) -> None:
        """Refuse a key from now on."""

        def work(connection: sqlite3.Connection) -> None:
            changed(connection)
            connection.execute("UPDATE application_key SET disabled = 1 WHERE id = ?", (key_id,))

        self._writer.write(audited(work, entry, self._clock))

    def used(self, key_id: int) -> None:
        """Note that a key was just used; it is written at most once a minute, and nobody waits for that."""
        now = self._clock()
        if self._uses.note(key_id, now):
            self._writer.post(lambda connection: connection.execute(_USED, (now, key_id)))

    def flush(self) -> None:
        """Write what was noted and not yet written."""
        due = self._uses.take()
        if due:
            self._writer.write(lambda connection: connection.executemany(_USED, due) and None)


class _Uses:
    """The last use of each key in memory, and when it was last written."""

    def __init__(self) -> None:
        self._written: dict[int, int] = {}
        self._pending: dict[int, int] = {}
        self._lock = threading.Lock()

    def note(self, key_id: int, now: int) -> bool:
        """Tell whether this use is to be written now."""
        if 0 <= now - self._written.get(key_id, -FLUSH_MS) < FLUSH_MS:
            self._pending[key_id] = now
            return False
        with self._lock:
            if 0 <= now - self._written.get(key_id, -FLUSH_MS) < FLUSH_MS:
                return False
            self._written[key_id] = now
            self._pending.pop(key_id, None)
            return True

    def take(self) -> list[tuple[int, int]]:
        """Return what is not yet written, as (time, key id), and forget it."""
        with self._lock:
            pending, self._pending = self._pending, {}
        return [(at, key_id) for key_id, at in list(pending.items())]


def insert(connection: sqlite3.Connection, application_id: int, sealed: bytes, now: int) -> int:
    """Add a key inside the current transaction and return its id."""
    cursor = connection.execute(
        "INSERT INTO application_key (application_id, secret, created_at) VALUES (?, ?, ?)",
        (application_id, sealed, now),
    )
    return int(cursor.lastrowid or 0)


def _expire(connection: sqlite3.Connection, application_id: int, newest_at: int, now: int) -> None:
    connection.execute(
        "UPDATE application_key SET expires_at = min(coalesce(expires_at, ?1), ?1) WHERE application_id = ?2 "
        "AND id = (SELECT max(id) FROM application_key WHERE application_id = ?2 AND NOT disabled)",
        (newest_at, application_id),
    )
    connection.execute(
        "UPDATE application_key SET expires_at = min(coalesce(expires_at, ?1), ?1) WHERE application_id = ?2 "
        "AND id < (SELECT max(id) FROM application_key WHERE application_id = ?2 AND NOT disabled)",
        (now, application_id),
    )


def require_right_key(database: StoreDatabase, vault: Vault) -> None:
    """Raise StoreUnavailable when the newest key of an application cannot be read with this vault."""
    newest = database.read(
        "SELECT a.client_id, k.secret FROM application_key k JOIN application a ON a.id = k.application_id "
        "ORDER BY k.id DESC LIMIT 1"
    )
    for client_id, sealed in newest:
        vault.decrypt(bytes(sealed), context(client_id))


def context(client_id: str) -> str:
    """Return the purpose a secret of this application is encrypted for."""
    return f"application {client_id}"
