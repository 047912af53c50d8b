"""`fdl-trigger notices`."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Hook(HTTPServer):
    """Answers `status` to every POST and counts them."""

    status = 200
    posts = 0


@contextmanager
def hook():
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            server.posts += 1
            self.send_response(server.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            """Stay quiet."""

    with Hook(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def server():
    with hook() as server:
        yield server


@pytest.fixture
def failing_task(cli, server):
    """A task that fails and tells a webhook."""
    cli.write(
        "orders.toml",
        f"""
[connections.ops]
kind = "webhook"
webhookUrl = "http://127.0.0.1:{server.server_port}/secret-path"
secret = "{SECRET}"
allowLoopback = true

[connections.warehouse]
kind = "sqlite"
path = "{cli.directory / "warehouse.db"}"

[[tasks]]
workName = "orders"
[tasks.control.notice]
enabled = true
channels = ["ops"]
[[tasks.nodes]]
id = "sync"
type = "DATA_SYNC"
[tasks.nodes.config.source]
type = "API"
url = "http://127.0.0.1:1/rows"
[tasks.nodes.config.target]
connection = "warehouse"
table = "orders"
""",
    )
    cli.run("tasks", "apply", cli.directory / "orders.toml", "--publish")


def test_a_channel_is_tried_out(cli, server, failing_task):
    assert cli.run("notices", "test", "ops").output == "ops took the message (it answered 200)\n"
    assert server.posts == 1


def test_a_channel_that_does_not_take_the_message_is_an_error_without_its_secrets(cli, server, failing_task):
    server.status = 500
    result = cli.run("notices", "test", "ops", exit_code=1)
    assert "answered 500" in result.output
    assert "secret-path" not in result.output
    assert "There is no connection 'nobody'" in cli.run("notices", "test", "nobody", exit_code=1).output


def test_deliveries_are_listed_shown_and_asked_for_again(cli, server, failing_task):
    heads = cli.run("notices", "list").output
    assert " ".join(heads.split()) == "ID TIME TASK OCCASION CHANNEL STATUS TRIES LAST ERROR"
    server.status = 410
    cli.run("tasks", "run", "orders", exit_code=1)
    [_, line] = cli.run("notices", "list", "--task", "orders").output.splitlines()
    number = line.split()[0]
    assert "failure" in line
    assert "FAILED" in line
    shown = cli.run("notices", "show", number).output
    assert f"delivery  {number}, FAILED" in shown
    assert "answer 410" in shown
    assert cli.run("notices", "retry", number).output == f"delivery {number} over ops: PENDING\n"
    assert "next try" in cli.run("notices", "show", number).output
    assert "There is no delivery 999" in cli.run("notices", "show", "999", exit_code=1).output
