"""The real service as a process of its own, everything it says kept, and a source that tells what it was sent."""

import http.client
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

ROOT = Path(__file__).parents[2]
CONFIG = """
[server]
port = 0
[store]
path = "{store}"
[outgoing]
loopback = true
[diagnosis]
enabled = true
[log]
level = "DEBUG"
format = "{format}"
"""


class Canaries:
    """Secrets that were planted, and what may have seen them: each answer, each output, each process list."""

    def __init__(self) -> None:
        self.planted: dict[str, str] = {}
        self.seen: list[tuple[str, str]] = []

    def plant(self, name: str, secret: str) -> str:
        assert len(secret) >= 12
        self.planted[name] = secret
        return secret

    def saw(self, where: str, text: str) -> str:
        self.seen.append((where, text))
        return text

    def found_in(self, text: bytes) -> list[str]:
        """Return the names of the secrets that stand in the text."""
        return [name for name, secret in self.planted.items() if secret.encode() in text]


class CanaryService:
    """`fdl-trigger serve` and the other commands, on a store in a directory of its own."""

    def __init__(self, directory: Path, canaries: Canaries, log_format: str = "console") -> None:
        self.canaries = canaries
        self.directory = directory
        self.store = directory / "store.db"
        self.config = directory / "config.toml"
        self.config.write_text(CONFIG.format(store=self.store, format=log_format), encoding="utf-8")
        self.log = directory / "service.log"

    @property
    def _environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FDL_TRIGGER_")}
        return {**kept, "FDL_TRIGGER_CONFIG": str(self.config)}

    def command(self, *arguments: str, shows_secret: bool = False, given: str = "") -> str:
        """Run a command to its end and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "fdl_trigger.cli", *arguments],
            env=self._environ,
            cwd=ROOT,
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
        )
        if not shows_secret:
            self.canaries.saw(f"fdl-trigger {arguments[0]} {arguments[1:2]}", done.stdout)
        self.canaries.saw(f"fdl-trigger {arguments[0]} {arguments[1:2]} (errors)", done.stderr)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def __enter__(self) -> "CanaryService":
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", "fdl_trigger.cli", "serve"]
            self.process = subprocess.Popen(command, env=self._environ, cwd=ROOT, stdout=subprocess.PIPE, stderr=log)
        assert self.process.stdout is not None
        found = re.search(rb"http://\S+", self.process.stdout.readline())
        assert found, self.log.read_text()
        self.address = urlsplit(found[0].decode()).netloc
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        out, _ = self.process.communicate(timeout=30)
        self.canaries.saw("standard output", out.decode())
        self.canaries.saw("log", self.log.read_text(encoding="utf-8"))

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
        shows_secret: bool = False,
    ) -> tuple[int, Any]:
        """Send a request; its answer, headers included, is kept unless it is meant to show a secret this once."""
        connection = http.client.HTTPConnection(self.address, timeout=30)
        data = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if data else {}
        try:
            connection.request(
                method, path + (f"?{urlencode(query)}" if query else ""), data, {**sent, **(headers or {})}
            )
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if not shows_secret:
            self.canaries.saw(f"{method} {path}", f"{answer.headers}\n{text}")
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text

    def look_at_processes(self) -> None:
        """Keep the command line and the environment of every process that can be read."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    line = (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                self.canaries.saw(f"process {entry.name}", line.decode("utf-8", "replace"))


def echo_source(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answer what was sent, as careless servers do; below /fail/ with an error."""
    headers = {name: value for name, value in environ.items() if name.startswith("HTTP_")}
    body = environ["wsgi.input"].read().decode()
    told = {"headers": headers, "query": environ["QUERY_STRING"], "body": body, "rows": [{"id": 1}]}
    data = json.dumps(told).encode()
    status = "500 Broken" if environ["PATH_INFO"].startswith("/fail") else "200 OK"
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(data)))])
    return [data]
