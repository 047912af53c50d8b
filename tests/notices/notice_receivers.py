"""Real receivers in threads: an HTTP server whose answers a test decides, and a mail server."""

import json
import socket
import ssl
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


@dataclass
class Posted:
    """A request as the receiver got it."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


Reply = Callable[[BaseHTTPRequestHandler], None]


class Receiver:
    """Answers every POST with `status` and `answer`; `misbehave` takes the raw connection instead."""

    def __init__(self) -> None:
        self.posted: list[Posted] = []
        self.status = 200
        self.answer: Any = {"errcode": 0, "errmsg": "ok", "code": 0}
        self.headers: dict[str, str] = {}
        self.misbehave: Reply | None = None
        self.release = Event()
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook/0123456789abcdef0123"

    def encrypt(self, context: ssl.SSLContext) -> None:
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = self.url.replace("http:", "https:")

    def hang(self) -> None:
        self.misbehave = lambda handler: self.release.wait(30) and None

    def close(self) -> None:
        self.release.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are cut off in the middle are what some tests are about."""


def _handler_of(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 30

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.posted.append(Posted(self.path, headers, body))
            if receiver.misbehave is not None:
                with suppress(OSError):
                    receiver.misbehave(self)
                return
            content = receiver.answer if isinstance(receiver.answer, bytes) else json.dumps(receiver.answer).encode()
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(content)

        def do_GET(self) -> None:
            receiver.posted.append(Posted(self.path, {}, b""))
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    return Handler


class Mailbox:
    """What the mail server took, and whom it refuses."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refused: set[str] = set()
        self.answer = "250 taken"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refused:
            return "550 nobody of this name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.recipients.append(envelope.rcpt_tos)
        return self.answer


def mail_server(mailbox: Mailbox, *, context: ssl.SSLContext | None = None, tls: bool = False) -> Controller:
    """Return a mail server, not started: plain, with STARTTLS (context) or inside TLS (context and `tls`)."""
    options: dict[str, Any] = {}
    if context is not None and tls:
        options["ssl_context"] = context
    elif context is not None:
        options["tls_context"] = context
        options["require_starttls"] = True
    if context is not None:
        options["authenticator"] = lambda server, session, envelope, mechanism, data: AuthResult(
            success=(data.login, data.password) == (b"robot", b"pass word"), handled=False
        )
        options["auth_require_tls"] = not tls
    return Controller(mailbox, hostname="127.0.0.1", port=_free_port(), **options)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def certified(directory: Path) -> ssl.SSLContext:
    """Return a server's TLS context with a self-signed certificate."""
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
