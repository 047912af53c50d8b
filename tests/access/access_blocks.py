"""Encrypted blocks as the enos-poseidon SDK sends them."""

import base64

from Cryptodome.Cipher import PKCS1_OAEP
from Cryptodome.PublicKey import RSA

from fdl_trigger.auth.enos_blocks import Blocks, new_private_key
from fdl_trigger.runtime import Runtime


def block(runtime: Runtime, app_key: str, secret: str) -> str:
    """Return a block for a service's own key."""
    blocks = Blocks(lambda: runtime.own_keys.private_key("enos", new_private_key))
    key = RSA.import_key(base64.b64decode(blocks.public_key()))
    text = f"123456${app_key}${secret}${'a' * 64}${'b' * 64}"
    return base64.b64encode(PKCS1_OAEP.new(key).encrypt(text.encode())).decode()
