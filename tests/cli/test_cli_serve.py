"""`fdl-trigger serve` as a process: ready line, drain on SIGTERM, port in use; and the WSGI entry."""

import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.status, answer.read()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_is_ready_when_it_says_so_and_ends_cleanly_on_a_signal(cli, number):
    with cli.serving() as service:
        assert fetch(f"{service.url}/readyz")[0] == 200
        service.send_signal(number)
        stdout, stderr = service.communicate(timeout=20)
    assert service.returncode == 0
    assert b"Traceback" not in stderr
    assert stdout == b""


def test_a_request_in_flight_is_answered_after_sigterm(cli):
    with cli.serving() as service:
        host, port = service.url.removeprefix("http://").split(":")
        body = b"x" * 100
        head = f"POST /nowhere HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        with socket.create_connection((host, int(port)), timeout=10) as client:
            client.sendall(head + body[:50])
            assert fetch(f"{service.url}/healthz")[0] == 200  # so the server has read the first half
            service.send_signal(signal.SIGTERM)
            line = service.stderr.readline()
            while b"GET /healthz" not in line:
                line = service.stderr.readline()
            client.sendall(body[50:])
            answer = b""
            while piece := client.recv(65536):
                answer += piece
        assert service.wait(timeout=20) == 0
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"Connection: close" in answer


def test_a_run_that_outlasts_the_grace_ends_as_shut_down(cli, source, task_file):
    released = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as stalling:  # accepts in its backlog and never answers
        task_file.write_text(task_file.read_text().replace(source.url, f"http://127.0.0.1:{stalling.getsockname()[1]}"))
        cli.config.write_text(cli.config.read_text() + "[server]\nshutdown_grace_s = 0.2\n")
        cli.run("tasks", "apply", "--publish", task_file)
        with cli.serving() as service:
            runner = threading.Thread(target=lambda: (cli_run(cli), released.set()))
            runner.start()
            stalling.settimeout(20)
            connection, _ = stalling.accept()
            service.send_signal(signal.SIGTERM)
            assert service.wait(timeout=20) == 0
            connection.close()
            assert released.wait(20)
            runner.join()
    lines = cli.run("instances", "list", "orders").stdout.splitlines()
    assert "TERMINATED (shutdown)" in lines[1]


def cli_run(cli):
    command = [sys.executable, "-m", "fdl_trigger.cli", "tasks", "run", "orders"]
    return subprocess.run(command, env=cli.environ, cwd=ROOT, capture_output=True, check=False, timeout=30)


def test_a_port_in_use_is_one_clear_line_and_exit_code_1(cli):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = cli.run("serve", "--port", port, exit_code=1)
    expected = f"Error: cannot listen on 127.0.0.1:{port}: the port is in use; choose another one with --port\n"
    assert result.stderr == expected
    assert not cli.store.exists()


def test_the_wsgi_entry_starts_the_service_at_the_first_request(cli):
    code = (
        "from werkzeug.test import Client; from app import application; import os;"
        f"assert not os.path.exists({str(cli.store)!r});"
        "assert Client(application).get('/readyz').status_code == 200;"
        f"assert os.path.exists({str(cli.store)!r})"
    )
    subprocess.run([sys.executable, "-c", code], env=cli.environ, cwd=ROOT, check=True, timeout=30)


def test_a_second_wsgi_process_answers_beside_the_first(cli):
    code = "from werkzeug.test import Client; from app import application;"
    code += "assert Client(application).get('/readyz').status_code == 200"
    with cli.serving():
        subprocess.run([sys.executable, "-c", code], env=cli.environ, cwd=ROOT, check=True, timeout=30)


def test_running_the_file_serves(cli):
    environ = {**cli.environ, "FDL_TRIGGER_SERVER__PORT": "0"}
    process = subprocess.Popen([sys.executable, "app.py"], env=environ, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert b"http://127.0.0.1:" in process.stdout.readline()
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.communicate()


def test_ctrl_c_stops_a_run_of_its_own_and_ends_without_traceback(cli, source, task_file):
    with socket.create_server(("127.0.0.1", 0)) as stalling:
        stalling.settimeout(20)
        task_file.write_text(task_file.read_text().replace(source.url, f"http://127.0.0.1:{stalling.getsockname()[1]}"))
        cli.run("tasks", "apply", "--publish", task_file)
        command = [sys.executable, "-m", "fdl_trigger.cli", "tasks", "run", "orders"]
        process = subprocess.Popen(command, env=cli.environ, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        connection, _ = stalling.accept()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
        connection.close()
    assert process.returncode == 1
    assert stderr.decode().splitlines()[-1] == "Error: the run was stopped"
    assert "TERMINATED (user)" in cli.run("instances", "list", "orders").stdout


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo terminal")
def test_on_a_terminal_one_line_is_redrawn(cli, task_file):
    import pty

    cli.run("tasks", "apply", "--publish", task_file)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "fdl_trigger.cli", "tasks", "run", "orders"]
    process = subprocess.Popen(command, env=cli.environ, cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # Linux tells the end of a terminal this way
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    assert process.communicate(timeout=20)[0].startswith(b"task      orders")
    assert process.returncode == 0
    assert shown.startswith(b"\r\x1b[K")
    assert shown.endswith(b"\r\x1b[K")
    assert b"\n" not in shown
