"""What a source can do wrong, and what the record then says."""

import socket
import time
from dataclasses import replace

import pytest
from api_server import Reply

from fdl_trigger.nodes.errors import NodeError

AUTO = {"mode": "AUTO_CREATE"}


def failure(bench, source):
    with pytest.raises(NodeError) as caught:
        bench.run(source, target=AUTO)
    return str(caught.value)


def patience(bench, seconds):
    bench.limits = replace(bench.limits, request_timeout_s=seconds)


def test_a_source_that_refuses_the_connection(bench):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    message = failure(bench, {"url": f"http://127.0.0.1:{port}/x"})
    assert f"GET http://127.0.0.1:{port}/x: no connection" in message


def test_a_host_that_does_not_exist(bench):
    assert "cannot be resolved" in failure(bench, {"url": "http://nowhere.invalid/x"})


@pytest.mark.parametrize("url", ["http://", "http://[::1", "http://a:b:c/", "http://127.0.0.1:99999/"])
def test_an_address_that_is_none(bench, url):
    assert failure(bench, {"url": url})


def test_a_source_that_accepts_and_then_says_nothing(api, bench):
    api.raw["/x"] = lambda handler: api.release.wait(30)
    patience(bench, 0.2)
    message = failure(bench, {"url": api.url + "/x"})
    assert "no complete answer within 0.2 s" in message
    assert "FDLTimeout" in message


def test_a_source_that_drips_cannot_pass_the_deadline(api, bench):
    def drip(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        while not api.release.wait(0.02):
            handler.wfile.write(b" ")

    api.raw["/x"] = drip
    patience(bench, 0.4)
    started = time.monotonic()
    assert "no complete answer" in failure(bench, {"url": api.url + "/x"})
    assert time.monotonic() - started < 3


def test_a_source_that_drips_until_it_closes_is_late_and_not_short(api, bench):
    def drip(handler):
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n[1")
        while not api.release.wait(0.02):
            handler.wfile.write(b" ")

    api.raw["/x"] = drip
    patience(bench, 0.3)
    assert "no complete answer" in failure(bench, {"url": api.url + "/x"})


def test_a_source_that_sends_html(api, bench):
    api.replies["/x"] = Reply(b"<html><body>Please log in</body></html>")
    message = failure(bench, {"url": api.url + "/x"})
    assert "is not JSON" in message
    assert "<html><body>Please log in" in message


def test_a_source_that_sends_nothing(api, bench):
    api.replies["/x"] = Reply(b"")
    assert "the answer is empty" in failure(bench, {"url": api.url + "/x"})


def test_a_source_that_sends_half_a_body(api, bench):
    api.raw["/x"] = lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[{}]")
    assert "in the middle of the answer" in failure(bench, {"url": api.url + "/x"})


def test_a_source_that_breaks_off_a_chunked_body(api, bench):
    api.raw["/x"] = lambda handler: handler.wfile.write(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n[{}]"
    )
    assert "in the middle of the answer" in failure(bench, {"url": api.url + "/x"})


def test_a_source_that_does_not_speak_http(api, bench):
    api.raw["/x"] = lambda handler: handler.wfile.write(b"\x00\x01\x02 nonsense\r\n\r\n")
    assert "the connection failed" in failure(bench, {"url": api.url + "/x"})


@pytest.mark.parametrize("header", [b"", b"Content-Length: 99999999999\r\n"])
def test_a_source_without_end_is_cut_at_the_size_limit(api, bench, header):
    sent = []

    def flood(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + header + b"\r\n")
        while not api.release.is_set():
            handler.wfile.write(b"x" * 10_000)
            sent.append(10_000)

    api.raw["/x"] = flood
    bench.limits = replace(bench.limits, max_response_bytes=200_000)
    assert "larger than 200000 bytes" in failure(bench, {"url": api.url + "/x"})


def test_a_small_answer_that_unpacks_to_a_large_one_is_cut_too(api, bench):
    import gzip

    api.replies["/x"] = Reply(gzip.compress(b" " * 5_000_000), headers={"Content-Encoding": "gzip"})
    bench.limits = replace(bench.limits, max_response_bytes=200_000)
    assert "larger than 200000 bytes" in failure(bench, {"url": api.url + "/x"})


def test_a_source_in_the_wrong_charset(api, bench):
    api.replies["/x"] = Reply('[{"a":"北京"}]'.encode("gbk"), headers={"Content-Type": "application/json"})
    assert "is not UTF-8" in failure(bench, {"url": api.url + "/x"})


def test_a_source_that_answers_with_a_server_error(api, bench):
    api.replies["/x"] = Reply(b"E" * 2000, status=500)
    message = failure(bench, {"url": api.url + "/x"})
    assert "answered 500" in message
    assert message.endswith(": " + "E" * 500)


@pytest.mark.parametrize("status", [400, 401, 404, 429, 503])
def test_every_status_outside_200_to_299_fails_the_node(api, bench, status):
    api.replies["/x"] = Reply(b"no", status=status)
    assert f"answered {status}: no" in failure(bench, {"url": api.url + "/x"})


def test_a_failure_writes_no_row_and_creates_no_table(api, bench):
    api.replies["/x"] = Reply(b"no", status=500)
    failure(bench, {"url": api.url + "/x"})
    assert bench.execute("SELECT name FROM sqlite_master") == []


def test_deeply_nested_json_is_a_node_error(api, bench):
    api.replies["/x"] = Reply(b"[" * 100_000)
    assert "nested too deeply" in failure(bench, {"url": api.url + "/x"})
