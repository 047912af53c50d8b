"""This installation's own key pairs, one a purpose, made at first use and kept encrypted."""

import base64
import sqlite3
from collections.abc import Callable

from .database import StoreDatabase
from .vault import Vault
from .writer import Writer


class KeyPairs:
    """Keeps private keys as DER."""

    def __init__(self, database: StoreDatabase, writer: Writer, vault: Vault) -> None:
        self._database = database
        self._writer = writer
        self._vault = vault

    def private_key(self, purpose: str, make: Callable[[], bytes]) -> bytes:
        """Return the private key of a purpose; `make` makes it when there is none yet."""
        rows = self._database.read("SELECT secret FROM key_pair WHERE purpose = ?", (purpose,))
        sealed = bytes(rows[0][0]) if rows else self._keep(purpose, make())
        return base64.b64decode(self._vault.decrypt(sealed, _context(purpose)))

    def _keep(self, purpose: str, key: bytes) -> bytes:
        sealed = self._vault.encrypt(base64.b64encode(key).decode(), _context(purpose))

        def work(connection: sqlite3.Connection) -> bytes:
            # Another process may have been faster; its key counts.
            connection.execute("INSERT OR IGNORE INTO key_pair (purpose, secret) VALUES (?, ?)", (purpose, sealed))
            row = connection.execute("SELECT secret FROM key_pair WHERE purpose = ?", (purpose,)).fetchone()
            return bytes(row[0])

        return self._writer.write(work)


def _context(purpose: str) -> str:
    return f"key pair {purpose}"
