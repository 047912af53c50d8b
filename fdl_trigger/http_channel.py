"""One HTTP connection of the server: what it lets through, how it answers, how long its request has been on its way."""

import json
import re
import time
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import ErrorTask, WSGITask

JOINED_BODY = 64 * 1024
_CODES = {413: "request_too_large", 500: "internal_error"}
_REFUSAL_HEADERS = (
    ("Content-Type", "application/json"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cache-Control", "no-store"),
)
_UNDERSCORED = re.compile(rb"^(client_id|_sign_)(?=[ \t]*:)", re.IGNORECASE | re.MULTILINE)


class Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Reads a request."""

    def parse_header(self, header_plus: bytes) -> None:
        """Let the documented credential headers pass; waitress drops every header with an underscore."""
        if b"_" in header_plus:
            header_plus = _UNDERSCORED.sub(lambda match: match[0].replace(b"_", b"-"), header_plus)
        super().parse_header(header_plus)


class Refusal(ErrorTask):  # type: ignore[misc]  # waitress has no types
    """Answers what cannot even be read as a request, without a word of what was sent."""

    def execute(self) -> None:
        """Send the answer and close the connection."""
        error = self.request.error
        told = {"error": _CODES.get(error.code, "invalid_request"), "message": f"{error.reason}."}
        body = json.dumps(told).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.extend(_REFUSAL_HEADERS)
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection with its requests."""

    parser_class = Parser
    error_task_class = Refusal
    held: bytes | None = None
    _partial: Parser | None = None
    _partial_since = 0.0

    def received(self, data: bytes) -> Any:
        """Take bytes in, and note since when the request they leave unfinished is on its way."""
        result = super().received(data)
        if self.request is not self._partial:
            self._partial, self._partial_since = self.request, time.monotonic()
        return result

    def is_overdue(self, since: float) -> bool:
        """Whether an unfinished request has been on its way from before `since`."""
        return self._partial is not None and self._partial_since < since

    def write_soon(self, data: Any) -> Any:
        if self.held is not None and isinstance(data, bytes):
            data, self.held = self.held + data, None
        return super().write_soon(data)

    @property
    def is_busy(self) -> bool:
        """Whether a request is being received, served or answered."""
        return bool(self.requests or self.total_outbufs_len or self.request is not None)


class Task(WSGITask):  # type: ignore[misc]  # waitress has no types
    """Answers one request."""

    wrote_header: bool

    def write(self, data: bytes) -> None:
        """Send the head together with the first piece of a body, so that a short answer is one packet."""
        if self.wrote_header or not (self.complete and data and self.has_body and len(data) <= JOINED_BODY):
            super().write(data)
            return
        self.channel.held = self.build_response_header()
        self.wrote_header = True
        try:
            super().write(data)
        finally:
            if self.channel.held is not None:
                self.channel.write_soon(b"")

    def build_response_header(self) -> Any:
        if self.channel.server.is_draining:
            self.set_close_on_finish()
        return super().build_response_header()


Channel.task_class = Task
