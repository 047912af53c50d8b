"""Requests that take too long to arrive are cut off; others are served meanwhile."""

import contextlib
import http.client
import socket
import time
from dataclasses import replace

import pytest

from fdl_trigger.config import ServerSettings
from fdl_trigger.server import Server

SETTINGS = replace(ServerSettings(), port=0, threads=2, request_timeout_s=0.5)
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"


def echo(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def is_cut(client, drip, seconds):
    """Send the drip every tenth of a second; tell whether the server closes the connection before the time is up."""
    client.settimeout(0.1)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            client.sendall(drip)
            if client.recv(1024) == b"":
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


@pytest.mark.parametrize(("start", "drip"), [(HEAD, b"x"), (b"POST / HTTP/1.1\r\n", b"A: b\r\n"), (b"GET /", b"x")])
def test_a_request_that_drips_is_cut(start, drip):
    with Server(echo, SETTINGS) as server, socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(start)
        assert is_cut(client, drip, 5)


def test_others_are_served_while_one_drips():
    with Server(echo, SETTINGS) as server, contextlib.ExitStack() as stack:
        for _ in range(20):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            client.sendall(HEAD + b"x")
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        connection.request("POST", "/", b"hello")
        assert connection.getresponse().read() == b"hello"
        connection.close()


def test_a_connection_without_a_request_is_left_open():
    with Server(echo, SETTINGS) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        for pause_s in (1.5, 0):
            connection.request("POST", "/", b"hello")
            assert connection.getresponse().read() == b"hello"
            time.sleep(pause_s)
        connection.close()
