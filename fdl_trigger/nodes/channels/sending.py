"""Every kind of channel, and sending over a connection of one of them."""

from typing import Any

from marshmallow import ValidationError

from ...domain.records import Connection
from ..context import Stoppable
from .base import Channel, Message, NotSent, Receipt
from .dingtalk import DingTalk
from .feishu import Feishu
from .schemas import CHANNEL_SCHEMAS
from .smtp import Smtp
from .webhook import Webhook
from .wecom import WeCom

CHANNELS: dict[str, Channel] = {
    "webhook": Webhook(),
    "smtp": Smtp(),
    "dingtalk": DingTalk(),
    "wecom": WeCom(),
    "feishu": Feishu(),
}
"""Every kind of connection that messages can be sent over."""


def send(connection: Connection, message: Message, errand: Stoppable) -> Receipt:
    """Send a message over a connection; raises NotSent or Stopped."""
    channel = CHANNELS.get(connection.kind)
    if channel is None:
        kinds = ", ".join(CHANNELS)
        raise NotSent(f"connection '{connection.name}' is of kind {connection.kind}; messages go over {kinds}")
    return channel.send(_loaded(connection), message, errand)


def _loaded(connection: Connection) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = CHANNEL_SCHEMAS[connection.kind]().load(dict(connection.settings))
    except ValidationError:
        # Without what is wrong: it could quote a secret.
        raise NotSent(f"the settings of connection '{connection.name}' cannot be read") from None
    return loaded
