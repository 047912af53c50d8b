"""SM2 public keys (GM/T 0003.5 curve): read in the spellings callers have them in, kept in one.

Kept is the uncompressed point without its leading 04: x and y, 128 lower-case hexadecimal digits.
"""

import base64
import binascii
import re

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
# SubjectPublicKeyInfo of an uncompressed point on sm2p256v1, up to the point (RFC 5480 with OID 1.2.156.10197.1.301).
_DER_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----")
_HEX = re.compile(r"(?:04)?([0-9a-f]{128})")
_LONGEST = 1000


def normalise_public_key(text: str) -> str:
    """Return a public key as 128 hexadecimal digits.

    `text` is the point in hexadecimal (with or without its leading 04), PEM, or the DER of a PEM in base64. Raises
    ValueError, which says what is wrong.
    """
    text = text.strip()
    digits = _digits(text) if len(text) <= _LONGEST else None
    if digits is None:
        raise ValueError("give the point in hexadecimal (04 and 128 digits), PEM, or DER in base64")
    if not _is_on_curve(int(digits[:64], 16), int(digits[64:], 16)):
        raise ValueError("the point does not lie on the SM2 curve")
    return digits


def _digits(text: str) -> str | None:
    if found := _HEX.fullmatch(text.lower()):
        return found[1]
    pem = _PEM.fullmatch(text)
    try:
        der = base64.b64decode("".join((pem[1] if pem else text).split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    if der.startswith(_DER_HEAD) and len(der) == len(_DER_HEAD) + 64:
        return der[-64:].hex()
    return None


def _is_on_curve(x: int, y: int) -> bool:
    return x < P and y < P and (y * y - (x * x * x + A * x + B)) % P == 0
