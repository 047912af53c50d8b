"""Secrets at rest: AES-256-GCM under a key that lies beside the store, never in it."""

import base64
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from Cryptodome.Cipher import AES

from ..domain.errors import StoreUnavailable
from .database import StoreDatabase

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16


class Vault:
    """Encrypts what the store must not hold in clear; every text is bound to its purpose (`context`)."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise StoreUnavailable(f"The key must have {KEY_BYTES} bytes, it has {len(key)}.")
        self._key = key

    @classmethod
    def open(cls, path: Path, *, may_create: bool) -> "Vault":
        """Read the key file, or make it (mode 0600) when it does not exist and `may_create` says so.

        Raises StoreUnavailable when it cannot be read, or is missing while the store holds secrets made with it.
        """
        if path.exists():
            return cls(_read_key(path))
        if not may_create:
            raise StoreUnavailable(
                f"The key file {path} is missing, and the store holds secrets made with it. Put it back; without it "
                "every application and connection has to be made anew."
            )
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:  # another process was faster
            return cls(_read_key(path))
        except OSError as error:
            raise StoreUnavailable(f"The key file {path} cannot be made: {error}.") from None
        key = secrets.token_bytes(KEY_BYTES)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(key) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return cls(key)

    @classmethod
    def of_text(cls, text: str) -> "Vault":
        """Take the key itself, base64 of 32 bytes; raises StoreUnavailable."""
        try:
            return cls(base64.b64decode(text, validate=True))
        except ValueError:
            raise StoreUnavailable("The setting store.key is not base64.") from None

    def encrypt(self, text: str, context: str) -> bytes:
        """Return nonce, ciphertext and tag of the text."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        cipher = AES.new(self._key, AES.MODE_GCM, nonce=nonce)
        cipher.update(context.encode())
        ciphertext, tag = cipher.encrypt_and_digest(text.encode())
        return nonce + ciphertext + tag

    def decrypt(self, data: bytes, context: str) -> str:
        """Return the text; raises StoreUnavailable when key, context or data do not belong together."""
        cipher = AES.new(self._key, AES.MODE_GCM, nonce=data[:NONCE_BYTES])
        cipher.update(context.encode())
        try:
            return cipher.decrypt_and_verify(data[NONCE_BYTES:-TAG_BYTES], data[-TAG_BYTES:]).decode()
        except ValueError:
            raise StoreUnavailable(
                f"The secret of {context} cannot be read with this key. Use the one the store was made with."
            ) from None

    def digest(self, text: str) -> str:
        """Return a keyed digest of a text, in hexadecimal."""
        return hmac.new(self._key, text.encode("utf-8", "surrogatepass"), "sha256").hexdigest()

    def encrypt_settings(self, settings: Mapping[str, Any], context: str) -> bytes:
        """Encrypt a table of settings as JSON."""
        return self.encrypt(json.dumps(dict(settings), ensure_ascii=False), context)

    def decrypt_settings(self, data: bytes, context: str) -> dict[str, Any]:
        """Decrypt what encrypt_settings made."""
        settings: dict[str, Any] = json.loads(self.decrypt(data, context))
        return settings


def has_secrets(database: StoreDatabase) -> bool:
    """Tell whether the store holds anything that was encrypted."""
    (row,) = database.read(
        "SELECT EXISTS (SELECT 1 FROM connection) OR EXISTS (SELECT 1 FROM application_key) "
        "OR EXISTS (SELECT 1 FROM signing_key) OR EXISTS (SELECT 1 FROM global_parameter) "
        "OR EXISTS (SELECT 1 FROM key_pair) "
        "OR EXISTS (SELECT 1 FROM task WHERE draft LIKE 'aes:%')"
    )
    return bool(row[0])


def _read_key(path: Path) -> bytes:
    try:
        return base64.b64decode(path.read_bytes(), validate=False)
    except (OSError, ValueError) as error:
        raise StoreUnavailable(f"The key file {path} cannot be read: {error}.") from None
