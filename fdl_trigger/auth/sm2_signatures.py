"""The spellings of an SM2 signature: r||s in hexadecimal or base64, DER in hexadecimal or base64."""

import base64
import binascii
import re

_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_RAW_LENGTH = 64
_LONGEST_TEXT = 160
_SEQUENCE, _INTEGER = 0x30, 0x02


def parse_signature(text: str) -> tuple[int, int] | None:
    """Return (r, s) of a signature, or None for a text that is none; the numbers may still be out of range."""
    data = _decode(text)
    if data is None:
        return None
    if len(data) == _RAW_LENGTH:
        return int.from_bytes(data[:32], "big"), int.from_bytes(data[32:], "big")
    return _from_der(data)


def _decode(text: str) -> bytes | None:
    if len(text) > _LONGEST_TEXT:
        return None
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    if not _BASE64.fullmatch(text):
        return None
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error:
        return None


def _from_der(data: bytes) -> tuple[int, int] | None:
    if len(data) < 8 or data[0] != _SEQUENCE or data[1] != len(data) - 2:
        return None
    first = _integer(data[2:])
    second = _integer(data[2 + first[1] :]) if first else None
    if first is None or second is None or 2 + first[1] + second[1] != len(data):
        return None
    return first[0], second[0]


def _integer(data: bytes) -> tuple[int, int] | None:
    """Return a positive INTEGER in its only DER spelling and how many bytes it takes."""
    if len(data) < 3 or data[0] != _INTEGER or not 1 <= data[1] <= min(33, len(data) - 2):
        return None
    content = data[2 : 2 + data[1]]
    if content[0] & 0x80 or (content[0] == 0 and (len(content) == 1 or not content[1] & 0x80)):
        return None
    return int.from_bytes(content, "big"), 2 + len(content)
