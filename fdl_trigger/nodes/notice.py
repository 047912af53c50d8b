"""NOTICE: tell people something in the middle of a flow (finedatalink-tasks.md section 3.1)."""

import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from ..domain.notices import moment
from ..domain.records import Counts
from ..domain.states import Level
from .channels.base import Message
from .context import NodeContext


class NoticeNodeSchema(Schema):
    """The configuration of a NOTICE node."""

    channel = fields.Str(required=True, validate=validate.Length(1, 64))
    subject = fields.Str(required=True, validate=validate.Length(1, 1000))
    text = fields.Str(load_default="", validate=validate.Length(max=100_000))


class Notice:
    """Sends one message over a channel and waits for it to be taken; when it is not, the node fails."""

    schema: type[Schema] = NoticeNodeSchema
    is_container = False

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        """Return the channel."""
        return (config["channel"],)

    def run(self, config: Mapping[str, Any], context: NodeContext) -> Counts:
        """Send the message; raises NodeError or Stopped."""
        # urllib3 takes half a second to import: only a node that runs pays for it.
        from .channels.sending import send

        connection = context.connection(config["channel"])
        subject, text = context.resolve(config["subject"]), context.resolve(config["text"])
        receipt = send(connection, _message(subject, text), context)
        context.log(Level.BASIC, f"sent over {connection.name} ({connection.kind}), it answered {receipt.status}")
        return Counts()


def _message(subject: str, text: str) -> Message:
    now = round(time.time() * 1000)
    document = {"type": "flow.notice", "timestamp": moment(now), "data": {"subject": subject, "text": text}}
    return Message(f"msg_{uuid.uuid4().hex}", subject, text, document, now)
