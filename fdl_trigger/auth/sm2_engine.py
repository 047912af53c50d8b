"""SM2 signatures (GM/T 0003.2) on gmssl, with its curve arithmetic replaced by integers and its traps avoided.

Keys are 128 hexadecimal digits as `domain.sm2_keys` returns them; a signature is the pair (r, s).
"""

import secrets
import threading
import time
from functools import lru_cache

from gmssl.sm2 import CryptSM2, default_ecc_table

from ..domain.sm2_keys import N
from .sm2_points import table
from .sm3 import sm3

USER_ID = b"1234567812345678"
Signature = tuple[int, int]
# Python computes on one thread at a time: more of these at once would only slow down everybody else's requests.
_one_at_a_time = threading.Lock()
# Asleep before each product, a thread lets in those that wait for the interpreter; else they wait 5 ms each time.
_BREATH_S = 50e-6


class _Sm2(CryptSM2):  # type: ignore[misc]  # gmssl has no types
    def __init__(self, public_key: str, private_key: str = "") -> None:
        super().__init__(private_key=private_key, public_key="", mode=1)
        self.public_key = public_key  # the constructor strips zeros and fours from the front of a key

    def _kg(self, k: int, Point: str) -> str | None:
        time.sleep(_BREATH_S)
        product = table(int(Point[:64], 16), int(Point[64:128], 16)).times(k)
        return None if product is None else f"{product[0]:064x}{product[1]:064x}"


def verify(public_key: str, signature: Signature, message: bytes) -> bool:
    """Tell whether the signature is the key's over the message, with the user id 1234567812345678."""
    r, s = signature
    if not (0 < r < N and 0 < s < N):
        return False
    return _is_right(public_key, r, s, message_digest(public_key, message))


@lru_cache(maxsize=4096)  # whoever sends the same signature again and again gets no arithmetic out of us
def _is_right(public_key: str, r: int, s: int, hashed: bytes) -> bool:
    with _one_at_a_time:
        try:
            return _Sm2(public_key).verify(f"{r:064x}{s:064x}", hashed) is True
        except (TypeError, ValueError):  # a sum that has no coordinates
            return False


def sign(private_key: str, message: bytes) -> Signature:
    """Sign a message: what a caller does. The service itself holds no private key."""
    public = public_key_of(private_key)
    engine, hashed = _Sm2(public, private_key), message_digest(public, message)
    while True:
        signature = engine.sign(hashed, f"{secrets.randbelow(N - 1) + 1:064x}")
        if signature:
            return int(signature[:64], 16), int(signature[64:], 16)


def new_private_key() -> str:
    """Return a random private key as 64 hexadecimal digits."""
    return f"{secrets.randbelow(N - 2) + 1:064x}"


def public_key_of(private_key: str) -> str:
    """Return the public key of a private key."""
    return str(_Sm2("")._kg(int(private_key, 16), default_ecc_table["g"]))


def message_digest(public_key: str, message: bytes) -> bytes:
    """Return SM3 over the signer's identity and the message (GM/T 0003.2 section 5.5)."""
    return sm3(_identity(public_key) + message)


@lru_cache(maxsize=1024)
def _identity(public_key: str) -> bytes:
    curve = "".join(default_ecc_table[name] for name in "abg")
    return sm3((len(USER_ID) * 8).to_bytes(2, "big") + USER_ID + bytes.fromhex(curve + public_key))
