"""The HTTP server: one send for an answer, requests side by side, draining, ports."""

import http.client
import socket
import threading
from dataclasses import replace

import pytest

from fdl_trigger.config import ServerSettings
from fdl_trigger.server import CannotListen, Server

ANY_PORT = ServerSettings(port=0, threads=4)


def app_of(body, headers=(), status="200 OK"):
    def app(environ, start_response):
        start_response(status, list(headers))
        return body

    return app


def echo(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def call(server, method="GET", path="/", body=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def raw(server, request):
    """Send bytes, return the first piece received and everything received."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(request)
        first = client.recv(1 << 20)
        rest = b""
        while piece := client.recv(1 << 20):
            rest += piece
        return first, first + rest


def test_it_answers_on_a_free_port_and_tells_its_url():
    with Server(echo, ANY_PORT) as server:
        assert server.url == f"http://127.0.0.1:{server.port}"
        status, headers, body = call(server, "POST", body=b"hello")
        assert (status, body) == (200, b"hello")
        assert headers["Server"] is None


def test_many_requests_on_one_connection_are_answered_in_order():
    with Server(echo, ANY_PORT) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        for number in range(50):
            connection.request("POST", "/", str(number).encode())
            assert connection.getresponse().read() == str(number).encode()
        connection.close()


def test_pipelined_requests_are_all_answered():
    request = b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n"
    with Server(app_of([b"ok"]), ANY_PORT) as server:
        _, whole = raw(server, request % 1 + request % 2 + b"GET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert whole.count(b"HTTP/1.1 200 OK") == 3


def test_head_and_body_leave_in_one_send():
    with Server(app_of([b"x" * 500], [("Content-Length", "500")]), ANY_PORT) as server:
        first, whole = raw(server, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert first == whole
    assert whole.endswith(b"\r\n\r\n" + b"x" * 500)


@pytest.mark.parametrize(
    ("app", "request_line", "expected"),
    [
        (app_of([], status="204 No Content"), b"GET / HTTP/1.1", (b"204", b"")),
        (app_of([b""], [("Content-Length", "0")]), b"GET / HTTP/1.1", (b"200", b"")),
        (app_of([b"surplus"], [("Content-Length", "0")]), b"GET / HTTP/1.1", (b"200", b"")),
        (app_of([b"body"], status="304 Not Modified"), b"GET / HTTP/1.1", (b"304", b"")),
        (app_of([b"y" * 300_000], [("Content-Length", "300000")]), b"GET / HTTP/1.1", (b"200", b"y" * 300_000)),
        (app_of([b"a", b"", b"b"]), b"GET / HTTP/1.1", (b"200", b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n")),
        (app_of([b"old"]), b"GET / HTTP/1.0", (b"200", b"old")),
    ],
    ids=["no content", "empty", "surplus", "not modified", "long", "chunked", "http 1.0"],
)
def test_every_shape_of_answer_is_whole(app, request_line, expected):
    with Server(app, ANY_PORT) as server:
        _, whole = raw(server, request_line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, _, body = whole.partition(b"\r\n\r\n")
    assert (head.split()[1], body) == expected
    assert whole.count(b"HTTP/1") == 1


def test_a_broken_application_gives_500_and_the_server_goes_on():
    def app(environ, start_response):
        if environ["PATH_INFO"] == "/broken":
            raise RuntimeError("broken")
        start_response("200 OK", [])
        return [b"fine"]

    with Server(app, ANY_PORT) as server:
        assert call(server, path="/broken")[0] == 500
        assert call(server)[2] == b"fine"


def test_a_port_in_use_is_a_clear_error():
    with Server(echo, ANY_PORT) as server, pytest.raises(CannotListen, match=r"the port is in use; choose another"):
        Server(echo, replace(ANY_PORT, port=server.port))


def test_an_address_of_another_machine_is_a_clear_error():
    with pytest.raises(CannotListen, match=r"cannot listen on 192\.0\.2\.1:0: "):
        Server(echo, replace(ANY_PORT, host="192.0.2.1"))


def test_a_running_request_is_answered_in_whole_while_the_server_stops():
    entered, leave = threading.Event(), threading.Event()

    def app(environ, start_response):
        entered.set()
        leave.wait(10)
        start_response("200 OK", [("Content-Length", "2000000")])
        return [b"z" * 2_000_000]

    server = Server(app, ANY_PORT)
    server.start()
    idle = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    answers = []
    caller = threading.Thread(target=lambda: answers.append(call(server)))
    caller.start()
    assert entered.wait(10)
    port = server.port
    stopper = threading.Thread(target=server.stop)
    stopper.start()
    assert idle.recv(1) == b""  # an idle connection is closed at once, while the other one is still served
    idle.close()
    with pytest.raises(OSError):  # noqa: PT011 - refused or reset, by platform
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    leave.set()
    stopper.join(10)
    caller.join(10)
    [(status, headers, body)] = answers
    assert (status, headers["Connection"], len(body)) == (200, "close", 2_000_000)


def test_a_server_that_never_ran_gives_its_port_back():
    server = Server(echo, ANY_PORT)
    port = server.port
    server.close()
    with Server(echo, replace(ANY_PORT, port=port)) as again:
        assert call(again, "POST", body=b"x")[0] == 200


def test_a_request_that_does_not_end_is_cut_off_when_the_time_to_drain_is_up(monkeypatch):
    monkeypatch.setattr("fdl_trigger.server.DRAIN_S", 0.1)
    entered, leave = threading.Event(), threading.Event()

    def app(environ, start_response):
        entered.set()
        leave.wait(10)
        start_response("200 OK", [])
        return [b"too late"]

    server = Server(app, ANY_PORT)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert entered.wait(10)
        server.stop()
        assert client.recv(100) == b""
    leave.set()


def test_stopping_twice_does_no_harm():
    server = Server(echo, ANY_PORT)
    server.start()
    server.stop()
    server.stop()
