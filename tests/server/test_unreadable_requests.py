"""What is no request is answered shortly, safely, and without repeating it."""

import socket

import pytest

from fdl_trigger.config import ServerSettings
from fdl_trigger.server import Server


def application(environ, start_response):
    if environ["PATH_INFO"] == "/broken":
        raise RuntimeError("canary-of-the-crash")
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


@pytest.fixture
def server():
    with Server(application, ServerSettings(port=0, threads=2)) as server:
        yield server


def answer_to(server, request):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(request)
        whole = b""
        while piece := client.recv(1 << 16):
            whole += piece
    head, _, body = whole.partition(b"\r\n\r\n")
    return head.decode(), body.decode()


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"<script>alert(1)</script>\r\n\r\n", 400, "invalid_request"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", 400, "invalid_request"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nBad header\x00: <b>canary-1</b>\r\n\r\n", 400, "invalid_request"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 262_150 + b"\r\n\r\n", 431, "invalid_request"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", 413, "request_too_large"),
        (b"GET /broken HTTP/1.0\r\nHost: x\r\n\r\n", 500, "internal_error"),
    ],
)
def test_it_is_refused_with_the_headers_of_every_answer(server, caplog, request_bytes, status, code):
    head, body = answer_to(server, request_bytes)
    assert head.startswith(f"HTTP/1.{'0' if status == 500 else head[7]} {status} ")
    assert f'"error": "{code}"' in body
    for header in ("X-Content-Type-Options: nosniff", "Content-Security-Policy: default-src", "X-Frame-Options: DENY"):
        assert header in head
    assert "canary" not in head + body
    assert "script" not in body
    assert "waitress" not in head + body
