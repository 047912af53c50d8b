"""Passwords: hashed by scrypt, which is slow and needs memory on purpose, and compared in constant time."""

import secrets
from functools import cache

from werkzeug.security import check_password_hash, generate_password_hash

MIN_LENGTH = 10
MAX_LENGTH = 1024
_METHOD = "scrypt:32768:8:1"  # 32 MiB and about 60 ms a hash
_GENERATED_BYTES = 15


def hash_password(password: str) -> str:
    """Return the salted hash of a password."""
    return generate_password_hash(password, _METHOD)


def is_password(password_hash: str | None, password: str) -> bool:
    """Tell whether the hash is the password's; without a hash (no such user) the same work is done for nothing."""
    fits = len(password) <= MAX_LENGTH
    given = password[:MAX_LENGTH].encode(errors="replace").decode()  # half a surrogate pair is nobody's password
    matches = check_password_hash(password_hash or _nobodys_hash(), given)
    return matches and fits and password_hash is not None


def password_problem(password: str) -> str | None:
    """Return what is wrong with a new password, None when nothing is."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        return f"take {MIN_LENGTH} to {MAX_LENGTH} characters"
    if not password.isprintable() or not password.strip():
        return "take printable characters"
    return None


def generate_password() -> str:
    """Return a random password of 20 characters, 120 bits."""
    return secrets.token_urlsafe(_GENERATED_BYTES)


@cache
def _nobodys_hash() -> str:
    return f"{_METHOD}${secrets.token_hex(8)}${secrets.token_hex(64)}"  # the hash of no known password
