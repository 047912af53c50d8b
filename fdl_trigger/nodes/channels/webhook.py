"""Webhooks signed per Standard Webhooks 1.0 (docs/notices.md)."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from ..context import Stoppable
from .base import Message, Receipt
from .posting import encoded, post
from .schemas import signing_key


class Webhook:
    """POSTs the document of a message."""

    def send(self, settings: Mapping[str, Any], message: Message, errand: Stoppable) -> Receipt:
        """See Channel."""
        body = encoded(message.document)
        seconds = message.sent_at // 1000
        headers = {
            **dict(settings["headers"]),
            "webhook-id": message.uid,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature(settings["secret"], message.uid, seconds, body),
        }
        return Receipt(post(settings, body, errand, headers=headers.items()).status)


def signature(secret: str, uid: str, seconds: int, body: bytes) -> str:
    """Return the v1 signature of a body sent as `uid` at a Unix time in seconds."""
    signed = b".".join((uid.encode(), str(seconds).encode(), body))
    return "v1," + base64.b64encode(hmac.new(signing_key(secret), signed, hashlib.sha256).digest()).decode()
