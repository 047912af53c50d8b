"""Feishu (Lark) group robots (docs/notices.md has the form and its evidence)."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from ..context import Stoppable
from .base import Message, Receipt
from .posting import encoded, post, receipt_of_robot

_BYTES = 6000  # a request may have 20 KB; an escape is up to three times the character


class Feishu:
    """Writes a text into the group of a robot."""

    def send(self, settings: Mapping[str, Any], message: Message, errand: Stoppable) -> Receipt:
        """See Channel."""
        document: dict[str, Any] = {"msg_type": "text", "content": {"text": message.whole(_BYTES)}}
        if settings["secret"]:
            seconds = message.sent_at // 1000
            document |= {"timestamp": str(seconds), "sign": signature(settings["secret"], seconds)}
        # Older robots answer StatusCode instead of code.
        return receipt_of_robot(settings, post(settings, encoded(document), errand), "code", "StatusCode")


def signature(secret: str, seconds: int) -> str:
    """Return the signature for a Unix time in seconds: time and secret are the key, the message is empty."""
    digest = hmac.new(f"{seconds}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
