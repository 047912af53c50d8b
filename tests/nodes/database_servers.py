"""Real PostgreSQL and MariaDB servers, started once a session, each in a directory of its own."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pymysql
import pytest

PASSWORD = "pw-of-the-tests"
START_S = 60


@dataclass(frozen=True)
class Server:
    """A running server, and the settings of a connection to it."""

    kind: str
    settings: dict[str, object]
    directory: Path


def _program(name: str) -> str:
    places = [
        *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True),
        "/usr/sbin",
        os.environ["PATH"],
    ]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        pytest.fail(f"'{name}' is not installed: run scripts/databases, which `make test` does", pytrace=False)
    return found


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def _own_directory(user: str) -> Iterator[tuple[Path, list[str]]]:
    """A directory, and the command that makes a program run as its owner (servers refuse root) and end with us."""
    directory = Path(tempfile.mkdtemp(prefix="fdl-server-"))
    command = ["setpriv", "--pdeathsig", "KILL"]
    if os.geteuid() == 0:
        owner = pwd.getpwnam(user)
        os.chown(directory, owner.pw_uid, owner.pw_gid)
        command += [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
    try:
        yield directory, command
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _running(argv: list[str], log: Path, is_up: Callable[[], None]) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(argv, stdout=output, stderr=subprocess.STDOUT, cwd=log.parent)
        try:
            _wait_for(process, log, is_up)
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(process: "subprocess.Popen[bytes]", log: Path, is_up: Callable[[], None]) -> None:
    give_up = time.monotonic() + START_S
    while True:
        try:
            return is_up()
        except (psycopg.Error, pymysql.MySQLError, OSError) as error:
            if process.poll() is not None or time.monotonic() > give_up:
                pytest.fail(f"the server does not start ({error}): {log.read_text()[-2000:]}", pytrace=False)
            time.sleep(0.1)


def _run(argv: list[str], directory: Path) -> None:
    done = subprocess.run(argv, cwd=directory, capture_output=True, text=True)
    if done.returncode:
        pytest.fail(f"{argv}: {done.stdout[-1000:]}{done.stderr[-1000:]}", pytrace=False)


def _certificate(directory: Path, command: list[str]) -> None:
    _run(
        [
            *command,
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout",
            str(directory / "server.key"),
            "-out",
            str(directory / "server.crt"),
        ],
        directory,
    )
    _run([*command, "chmod", "600", str(directory / "server.key")], directory)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    with _own_directory("postgres") as (directory, command):
        data, port = directory / "data", _free_port()
        password = directory / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        initdb = [_program("initdb"), "-D", str(data), "-U", "tester", "-A", "scram-sha-256", "-E", "UTF8"]
        _run([*command, *initdb, "--locale=C.UTF-8", "--no-sync", f"--pwfile={password}"], directory)
        _certificate(directory, command)
        settings = {"host": "127.0.0.1", "port": port, "user": "tester", "password": PASSWORD, "database": "postgres"}
        options = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={directory}", "fsync=off"]
        options += ["ssl=on", f"ssl_cert_file={directory}/server.crt", f"ssl_key_file={directory}/server.key"]
        argv = [*command, _program("postgres"), "-D", str(data)]
        for option in options:
            argv += ["-c", option]

        def is_up() -> None:
            psycopg.connect(
                host="127.0.0.1", port=port, user="tester", password=PASSWORD, dbname="postgres", connect_timeout=2
            ).close()

        with _running(argv, directory / "log", is_up):
            yield Server("postgresql", settings, directory)


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[Server]:
    with _own_directory("mysql") as (directory, command):
        data, port, unix_socket = directory / "data", _free_port(), directory / "s"
        _run(
            [
                *command,
                _program("mariadb-install-db"),
                "--no-defaults",
                f"--datadir={data}",
                "--skip-test-db",
                "--auth-root-authentication-method=normal",
            ],
            directory,
        )
        _certificate(directory, command)
        argv = [*command, _program("mariadbd"), "--no-defaults", f"--datadir={data}", f"--port={port}"]
        argv += [f"--socket={unix_socket}", "--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=0"]
        argv += [f"--ssl-cert={directory}/server.crt", f"--ssl-key={directory}/server.key", "--skip-name-resolve"]
        argv += [f"--pid-file={directory}/pid", "--character-set-server=latin1"]  # the service must not depend on it
        settings = {"host": "127.0.0.1", "port": port, "user": "tester", "password": PASSWORD, "database": "tests"}

        def is_up() -> None:
            if not unix_socket.exists():
                raise OSError("it does not listen yet")
            with pymysql.connect(unix_socket=str(unix_socket), user="root") as root, root.cursor() as cursor:
                cursor.execute("CREATE DATABASE IF NOT EXISTS tests")
                cursor.execute("CREATE USER IF NOT EXISTS tester@'%%' IDENTIFIED BY %s", (PASSWORD,))
                cursor.execute("GRANT ALL ON *.* TO tester@'%'")

        with _running(argv, directory / "log", is_up):
            yield Server("mysql", settings, directory)
