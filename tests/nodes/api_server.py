"""A real HTTP server in a thread; a test decides what it answers."""

import json
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Seen:
    """A request as the server got it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """What the server answers: content as it is, JSON for anything that is not bytes."""

    content: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> tuple[bytes, dict[str, str]]:
        if isinstance(self.content, bytes):
            return self.content, self.headers
        content = json.dumps(self.content, ensure_ascii=False).encode()
        return content, {"Content-Type": "application/json", **self.headers}


class Api:
    """A server whose answers a test decides: by path a Reply, a value sent as JSON, or a function of the request.

    A function may also take the raw connection (`raw[path] = lambda handler: ...`) to misbehave.
    """

    def __init__(self) -> None:
        self.replies: dict[str, Any] = {}
        self.raw: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.seen: list[Seen] = []
        self.release = Event()  # set at the end, so that a stalling answer lets go
        self.stalled = Event()
        self._server = _Server(("127.0.0.1", 0), _handler_for(self))
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = self.url.replace("http:", "https:")

    def close(self) -> None:
        self.release.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are cut off in the middle are what many tests are about."""


def _handler_for(api: Api) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            seen = Seen(self.command, self.path, query, dict(self.headers.items()), body)
            api.seen.append(seen)
            if parts.path in api.raw:
                self.close_connection = True
                with suppress(OSError):
                    api.raw[parts.path](self)
                return
            self._answer(api.replies.get(parts.path, Reply(b"no such path", 404)), seen)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

        def _answer(self, reply: Any, seen: Seen) -> None:
            if callable(reply):
                reply = reply(seen)
            if not isinstance(reply, Reply):
                reply = Reply(reply)
            content, headers = reply.encoded()
            self.send_response(reply.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    return Handler
