"""The encrypted block that the enos-poseidon SDK sends in place of a signature (enos-flows.md section 7.2)."""

import base64
import threading
from collections.abc import Callable
from typing import NamedTuple

from Cryptodome.Cipher import PKCS1_OAEP
from Cryptodome.PublicKey import RSA

from ..domain.errors import AuthenticationFailed
from .proof import Check

BITS = 2048
BLOCK_LENGTH = BITS // 8
_PARTS = 5  # pin, appKey, appSecret, access, refresh


class AppCredentials(NamedTuple):
    """What a block holds that can be checked; pin, access and refresh prove nothing and are left alone."""

    app_key: str
    app_secret: str


def new_private_key() -> bytes:
    """Return a new key pair as DER; it takes a second or so."""
    return RSA.generate(BITS).export_key("DER")


class Blocks:
    """Opens blocks with this installation's key pair; `private_key` returns it as DER and is asked once."""

    def __init__(self, private_key: Callable[[], bytes]) -> None:
        self._private_key = private_key
        self._loaded: RSA.RsaKey | None = None
        self._lock = threading.Lock()

    def public_key(self) -> str:
        """Return the public key in base64 DER, as the SDK's variable `pubkey` takes it."""
        return base64.b64encode(self._key().public_key().export_key("DER")).decode()

    def open(self, text: str) -> AppCredentials:
        """Return what a block holds; raises AuthenticationFailed for one that is not made with our key."""
        try:
            block = as_block(text)
            opened = PKCS1_OAEP.new(self._key()).decrypt(block).decode()
        except ValueError:
            raise AuthenticationFailed(check=Check.SIGNATURE) from None
        parts = opened.split("$")
        if len(parts) != _PARTS:
            raise AuthenticationFailed(check=Check.SIGNATURE)
        return AppCredentials(parts[1], parts[2])

    def _key(self) -> RSA.RsaKey:
        with self._lock:
            if self._loaded is None:
                self._loaded = RSA.import_key(self._private_key())
            return self._loaded


def as_block(text: str) -> bytes:
    """Return the bytes of a block; raises ValueError for a text that is none."""
    block = base64.b64decode(text, validate=True)
    if len(block) != BLOCK_LENGTH:
        raise ValueError(f"a block has {BLOCK_LENGTH} bytes")
    return block
