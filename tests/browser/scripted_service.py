"""A real HTTP server with scripted answers: the failures a healthy service does not show on demand."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

STATIC = Path(__file__).resolve().parents[2] / "static"
API = "/webroot/decision/sp/client/api/"


def success(data: Any) -> tuple[int, str]:
    """The envelope of a success, as (status, body)."""
    body = {"success": True, "code": "200", "message": "success", "data": data, "errorCode": None, "errorMsg": None}
    return 200, json.dumps(body)


def refusal(code: str, message: str, status: int = 200) -> tuple[int, str]:
    """The envelope of a failure, as (status, body)."""
    body = {
        "success": False,
        "code": code,
        "message": message,
        "data": None,
        "errorCode": code,
        "errorMsg": message,
    }
    return status, json.dumps(body)


class ScriptedService:
    """Serves static/, pages the test adds, and the same answer to every API call (or one per path)."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.answer: tuple[int, str] = success({"recordId": "r-1"})
        self.answers: dict[str, list[tuple[int, str]]] = {}
        self.origins: set[str] = set()
        self.calls: list[tuple[str, str, dict[str, list[str]], Any]] = []
        self.hold: threading.Event | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = False
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> "ScriptedService":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening; a second call does nothing."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    def add_page(self, path: str, script_attributes: str, before: str = "") -> str:
        """Add a page that loads fdl-trigger.js with these attributes; returns its address."""
        self.pages[path] = f"<!doctype html><title>report</title>{before}<script {script_attributes}></script>"
        return self.origin + path

    def next_answer(self, path: str) -> tuple[int, str]:
        """The answer to a call of this API path: the last scripted one stays."""
        scripted = self.answers.get(path)
        if not scripted:
            return self.answer
        return scripted.pop(0) if len(scripted) > 1 else scripted[0]


def _handler(service: ScriptedService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path in service.pages:
                self.reply(200, service.pages[path], "text/html; charset=utf-8")
            elif path.startswith("/static/"):
                self.reply(200, (STATIC / path.removeprefix("/static/")).read_text(), "text/javascript")
            elif path.startswith(API):
                self.api(None)
            else:
                self.reply(404, "", "text/plain")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.api(json.loads(body))

        def do_OPTIONS(self) -> None:
            self.reply(204, "", "text/plain")

        def api(self, body: Any) -> None:
            parts = urlsplit(self.path)
            path = parts.path.removeprefix(API)
            service.calls.append((self.command, path, parse_qs(parts.query), body))
            if service.hold:
                service.hold.wait(20)
            status, text = service.next_answer(path)
            self.reply(status, text, "application/json")

        def reply(self, status: int, text: str, content_type: str) -> None:
            payload = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(payload)))
            if self.headers.get("Origin") in service.origins:
                self.send_header("Access-Control-Allow-Origin", self.headers["Origin"])
                self.send_header("Access-Control-Allow-Headers", "content-type")
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
