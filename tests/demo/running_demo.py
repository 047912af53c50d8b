"""A demo in a process of its own, as `make demo` starts it."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.request import Request, urlopen

PROGRAM = """
import sys
from pathlib import Path
from fdl_trigger.demo.service import run_demo
port, directory, delay = sys.argv[1:]
raise SystemExit(run_demo(int(port), Path(directory), page_delay_s=float(delay)))
"""


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start_process(port: int, directory: Path, delay_s: float = 0.0) -> subprocess.Popen[str]:
    """Start the demo; its output can be read from the process."""
    arguments = [sys.executable, "-c", PROGRAM, str(port), str(directory), str(delay_s)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", env=environment
    )


class RunningDemo:
    """Started on entering, once it has printed everything; stopped by SIGTERM."""

    def __init__(self, directory: Path, *, port: int | None = None, delay_s: float = 0.0) -> None:
        self.directory = directory
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._delay_s = delay_s
        self.printed: list[str] = []
        self._ended: tuple[str, str] | None = None

    def __enter__(self) -> "RunningDemo":
        self._process = start_process(self.port, self.directory, self._delay_s)
        assert self._process.stdout
        for line in self._process.stdout:
            self.printed.append(line.rstrip("\n"))
            if len(self.curl_lines) == 3:
                return self
        raise AssertionError(f"the demo did not start: {self.stop()}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def curl_lines(self) -> list[str]:
        """The printed commands: trigger, status, terminate."""
        return [line for line in self.printed if line.startswith("curl ")]

    def kill(self) -> None:
        """End the demo the hard way."""
        self.stop(signal.SIGKILL)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Stop the demo if it still runs; returns its exit code and what it wrote to standard error."""
        if not self._ended:
            self._process.send_signal(how)
            self._ended = self._process.communicate(timeout=30)
        return self._process.returncode, self._ended[1]

    def variables(self) -> dict[str, str]:
        """What a shell knows after sourcing the credentials file."""
        source = '. "$1" && printf "%s\\n" "$FDL_BASE" "$FDL_CLIENT_ID" "$FDL_SECRET" "$FDL_WORK_ID" "$FDL_WORK_NAME"'
        path = str(self.directory / "credentials.env")
        output = subprocess.run(["sh", "-c", source, "sh", path], capture_output=True, text=True, check=True)
        names = ("FDL_BASE", "FDL_CLIENT_ID", "FDL_SECRET", "FDL_WORK_ID", "FDL_WORK_NAME")
        return dict(zip(names, output.stdout.splitlines(), strict=True))

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Call the open platform with the demo's credentials and return the envelope."""
        known = self.variables()
        headers = {
            "client_id": known["FDL_CLIENT_ID"],
            "secret": known["FDL_SECRET"],
            "Content-Type": "application/json",
        }
        address = f"{known['FDL_BASE']}/sp/client/api/{path}"
        with urlopen(Request(address, json.dumps(body).encode(), headers), timeout=60) as answer:
            envelope: dict[str, Any] = json.load(answer)
            return envelope

    def run_to_the_end(self) -> dict[str, Any]:
        """Run the task, wait for its end, and return the record."""
        answer = self.post("fdl/workName/execute", {"workName": self.variables()["FDL_WORK_NAME"], "wait": True})
        record: dict[str, Any] = answer["data"]
        return record

    def total_rows(self) -> int:
        """How many rows the report page counts in the table."""
        with urlopen(f"{self.url}/demo/rows?size=1", timeout=10) as answer:
            return int(json.load(answer)["total"])
