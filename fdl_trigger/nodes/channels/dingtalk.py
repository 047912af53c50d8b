"""DingTalk group robots (docs/notices.md has the form and its evidence)."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

from ..context import Stoppable
from .base import Message, Receipt
from .posting import encoded, post, receipt_of_robot

_BYTES = 6000  # a message may have 20,000 bytes; an escape is up to three times the character


class DingTalk:
    """Writes a text into the group of a robot."""

    def send(self, settings: Mapping[str, Any], message: Message, errand: Stoppable) -> Receipt:
        """See Channel."""
        url = signed_url(settings["webhookUrl"], settings["secret"], message.sent_at)
        body = encoded({"msgtype": "text", "text": {"content": message.whole(_BYTES)}})
        return receipt_of_robot(settings, post(settings, body, errand, url=url), "errcode")


def signed_url(url: str, secret: str, at_ms: int) -> str:
    """Return the address with timestamp and signature; unchanged without a secret."""
    if not secret:
        return url
    digest = hmac.new(secret.encode(), f"{at_ms}\n{secret}".encode(), hashlib.sha256).digest()
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}timestamp={at_ms}&sign={quote_plus(base64.b64encode(digest))}"
