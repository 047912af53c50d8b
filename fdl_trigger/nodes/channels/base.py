"""What a channel is handed, and what it gives back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..context import Stoppable
from ..errors import NodeError

SUBJECT_LENGTH = 200
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Message:
    """Something to tell.

    `uid` stays the same however often it is sent; `sent_at` is the time of this try in epoch milliseconds; `document`
    is what webhooks carry, `subject` and `text` what people read.
    """

    uid: str
    subject: str
    text: str
    document: Mapping[str, Any]
    sent_at: int

    @property
    def title(self) -> str:
        """The subject as one line: line breaks in it could otherwise become headers of their own."""
        return one_line(self.subject)

    def whole(self, limit: int) -> str:
        """Return subject and text in at most `limit` bytes of UTF-8."""
        return cut(f"{self.title}\n{self.text}" if self.text else self.title, limit)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The channel took the message. `status`: of HTTP or SMTP."""

    status: int


class NotSent(NodeError):
    """The channel did not take the message. `is_final`: it will not take it later either."""

    def __init__(self, message: str, status: int | None = None, *, is_final: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.is_final = is_final


class Channel(Protocol):
    """A kind of connection that people can be told something over; registered in CHANNELS."""

    def send(self, settings: Mapping[str, Any], message: Message, errand: Stoppable) -> Receipt:
        """Send a message over a connection with these (loaded) settings; raises NodeError or Stopped.

        It returns within the time limit of `errand.limits`, whatever the other side does.
        """


def one_line(text: str) -> str:
    """Return a text without line breaks and other control characters, cut to the length of a subject."""
    encodable = text.encode("utf-8", "replace").decode()
    return _CONTROLS.sub(" ", encodable).strip()[:SUBJECT_LENGTH]


def cut(text: str, limit: int) -> str:
    """Return as much of a text as `limit` bytes of UTF-8 hold; a cut shows."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= limit:
        return encoded.decode()
    return encoded[: limit - 3].decode("utf-8", "ignore") + "…"
