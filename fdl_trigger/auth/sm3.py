"""The hash SM3 (GM/T 0004), by OpenSSL where it has it."""

import hashlib


def sm3(data: bytes) -> bytes:
    """Return the 32 bytes of the digest."""
    try:
        return hashlib.new("sm3", data).digest()
    except ValueError:
        return sm3_without_openssl(data)


def sm3_without_openssl(data: bytes) -> bytes:
    """Return the digest where OpenSSL was built without SM3; forty times slower."""
    from gmssl import sm3 as gmssl_sm3

    return bytes.fromhex(gmssl_sm3.sm3_hash(list(data)))
