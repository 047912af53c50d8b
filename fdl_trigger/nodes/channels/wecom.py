"""WeCom (WeChat Work) group robots: the key in the address is all there is (docs/notices.md)."""

from collections.abc import Mapping
from typing import Any

from ..context import Stoppable
from .base import Message, Receipt
from .posting import encoded, post, receipt_of_robot

_BYTES = 2048  # the documented limit of a text


class WeCom:
    """Writes a text into the group of a robot."""

    def send(self, settings: Mapping[str, Any], message: Message, errand: Stoppable) -> Receipt:
        """See Channel."""
        body = encoded({"msgtype": "text", "text": {"content": message.whole(_BYTES)}})
        return receipt_of_robot(settings, post(settings, body, errand), "errcode")
