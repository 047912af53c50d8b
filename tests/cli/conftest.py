"""The command line on a real store in a directory of its own, and a source that serves rows."""

import json
import logging
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from fdl_trigger import logs
from fdl_trigger.cli import main
from fdl_trigger.config import ServerSettings
from fdl_trigger.server import Server


class CommandLine:
    """Runs commands with one configuration file."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.config = directory / "config.toml"
        self.store = directory / "store.db"
        self.config.write_text(f'[store]\npath = "{self.store}"\n[outgoing]\nloopback = true\n', encoding="utf-8")

    @property
    def environ(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FDL_TRIGGER_")}
        return {**kept, "FDL_TRIGGER_CONFIG": str(self.config)}

    def run(self, *arguments, exit_code=0, **options):
        """Run a command in this process; fails unless it ends with the exit code, and never with a traceback."""
        runner = CliRunner(env={"FDL_TRIGGER_CONFIG": str(self.config)})
        result = runner.invoke(main, [str(argument) for argument in arguments], **options)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == exit_code, result.output
        return result

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text, encoding="utf-8")
        return path

    @contextmanager
    def serving(self):
        """Run `fdl-trigger serve` as a process of its own; yields it with its `url`."""
        command = [sys.executable, "-m", "fdl_trigger.cli", "serve", "--port", "0"]
        process = subprocess.Popen(
            command, env=self.environ, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            process.url = re.search(rb"http://\S+", process.stdout.readline())[0].decode()
            yield process
        finally:
            process.kill()
            process.communicate()


@pytest.fixture(autouse=True)
def plain_logs():
    """Take the command line's log set-up back after each test."""
    names = ("", "fdl_trigger", "waitress")
    before = [(logging.getLogger(name), logging.getLogger(name).level) for name in names]
    parent = logging.getLogger("waitress").parent
    yield
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if not isinstance(handler, logs._Handler)]
    for logger, level in before:
        logger.setLevel(level)
    logging.getLogger("waitress").parent = parent
    logging.captureWarnings(False)


@pytest.fixture
def cli(tmp_path):
    return CommandLine(tmp_path)


class Source:
    """Serves rows as JSON; a held source answers only when it is released."""

    def __init__(self) -> None:
        self.rows = [{"id": number, "name": f"行 {number}"} for number in range(1, 8)]
        self.status = "200 OK"
        self.url = ""

    def __call__(self, environ, start_response):
        body = json.dumps({"query": environ["QUERY_STRING"], "rows": self.rows}).encode()
        start_response(self.status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]


@pytest.fixture
def source():
    source = Source()
    with Server(source, ServerSettings(port=0, threads=2)) as server:
        source.url = server.url
        yield source


@pytest.fixture
def task_file(cli, source):
    """A file with a task that copies the source's rows into a SQLite table."""
    return cli.write(
        "orders.toml",
        f"""
[connections.warehouse]
kind = "sqlite"
path = "{cli.directory / "warehouse.db"}"

[[tasks]]
workName = "orders"
[[tasks.params]]
name = "day"
value = "today"
[[tasks.nodes]]
id = "sync"
type = "DATA_SYNC"
[tasks.nodes.config.source]
type = "API"
url = "{source.url}/rows"
params = {{ day = "${{day}}" }}
jsonPath = "$.rows[*]"
[tasks.nodes.config.target]
connection = "warehouse"
table = "orders"
mode = "AUTO_CREATE"
fields = [{{ name = "id", type = "INTEGER", primaryKey = true }}, {{ name = "name", type = "VARCHAR", length = 50 }}]
[tasks.nodes.config.write]
method = "DIRECT"
keys = ["id"]
conflict = "UPDATE"
""",
    )


@pytest.fixture
def instance(cli, task_file):
    """The id of a finished run of the task "orders"."""
    cli.run("tasks", "apply", "--publish", task_file)
    lines = cli.run("tasks", "run", "orders").stdout.splitlines()
    return next(line.split()[1] for line in lines if line.startswith("instance"))
