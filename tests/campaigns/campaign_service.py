"""The service as installed, in a process group of its own that can be killed at any moment, and what it runs."""

import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from fdl_trigger.config import Settings
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Connection, Grant
from fdl_trigger.runtime import Runtime

START_TIMEOUT_S = 30.0
SOURCE_ROWS = 20
SOURCE_DELAY_S = 0.02
ATTEMPTS = 3
LARGE = 1_000_000


@dataclass(frozen=True, slots=True)
class Seeded:
    """What the store holds before the first start: the workId of each task, and who may call."""

    rerun: str
    once: str
    client_id: str
    secret: str

    @property
    def tasks(self) -> tuple[str, str]:
        """The workId of both tasks."""
        return self.rerun, self.once


class ServedStore:
    """One store, and the `fdl-trigger serve` process on it."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "store.db"
        self._directory = directory
        self._config = directory / "config.toml"
        self._config.write_text(
            f'[store]\npath = "{self.path}"\n[server]\nport = 0\n[engine]\nqueue_limit = {LARGE}\n'
            f'[instances]\nkeep_count = {LARGE}\n[log]\nlevel = "WARNING"\n'
        )
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def seed(self, source: str) -> Seeded:
        """Publish a task whose lost runs run again and one whose do not, and create a caller."""
        defaults = Settings()
        settings = replace(defaults, store=replace(defaults.store, path=str(self.path)))
        with Runtime(settings, run_engine=False) as runtime:
            runtime.connections.save(Connection("rows", "sqlite", {"path": str(self.target)}))
            runtime.connections.save(Connection("source", "api", {"allowLoopback": True}))
            recovery = {"recovery": {"rerun": True, "attempts": ATTEMPTS}}
            rerun = _publish(runtime, "rerun", source, {"instancePolicy": "parallel", "parallelLimit": 4, **recovery})
            once = _publish(runtime, "once", source, {"instancePolicy": "queue"})
            caller = runtime.access.create("campaign", grants=[Grant(operation, None) for operation in Operation])
        return Seeded(rerun, once, caller.client_id, caller.secret or "")

    @property
    def target(self) -> Path:
        """The SQLite file the tasks write to."""
        return self._directory / "target.db"

    def start(self) -> float:
        """Start the service, wait until it answers, and return when it was started (monotonic seconds)."""
        started = time.monotonic()
        with (self._directory / "service.log").open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "fdl_trigger.cli", "serve", "--config", str(self._config)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self.url = self._announced(self._process).split(" answers at ")[1].split()[0]
        return started

    def _announced(self, process: "subprocess.Popen[str]") -> str:
        assert process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            line = process.stdout.readline() if selector.select(START_TIMEOUT_S) else ""
        if not line:
            self.kill()
            raise AssertionError("the service did not start:\n" + (self._directory / "service.log").read_text()[-2000:])
        return line

    def kill(self) -> None:
        """Kill the process group; nothing of it gets to say goodbye."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._end()

    def stop(self) -> int:
        """Ask the service to stop and return its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._end()

    def _end(self) -> int:
        process, self._process = self._process, None
        assert process is not None
        assert process.stdout is not None
        code = process.wait(30)
        process.stdout.close()
        return code


def _publish(runtime: Runtime, name: str, source: str, control: dict[str, Any]) -> str:
    rows = {"type": "API", "connection": "source", "url": source, "jsonPath": "$.rows[*]", "expand": True}
    config = {
        "source": rows,
        "target": {"connection": "rows", "table": name, "mode": "AUTO_CREATE", "fields": _FIELDS},
        "write": {"method": "DIRECT", "conflict": "UPDATE"},
    }
    node = {"id": "copy", "type": "DATA_SYNC", "config": config}
    task = runtime.tasks.save({"workName": name, "nodes": [node], "control": control})
    return runtime.tasks.publish(uid=task.uid).uid


_FIELDS = [{"name": "id", "type": "INTEGER", "primaryKey": True}, {"name": "name", "type": "TEXT"}]
_PAGE = json.dumps({"rows": [{"id": number, "name": f"row {number}"} for number in range(SOURCE_ROWS)]}).encode()


class _SourceHandler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        time.sleep(SOURCE_DELAY_S)  # long enough that every kill finds runs under way
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(_PAGE)))
        self.end_headers()
        self.wfile.write(_PAGE)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Source(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: the caller was killed."""


@contextmanager
def source() -> Iterator[str]:
    """Serve a few rows as an API and yield its address."""
    with _Source(("127.0.0.1", 0), _SourceHandler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/rows"
        server.shutdown()
        thread.join()
