"""Servers in processes of their own, what they weigh, and how fast they are there."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parent.parent
START_TIMEOUT_S = 30.0


class ServerProcess:
    """A `bench.<module>` server; `told` is the line of JSON it announced itself with."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"bench.{module}", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"bench.{module} ended before it listened; run it by hand to see why")
        self.told: dict[str, Any] = json.loads(line)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.told["url"].rpartition(":")[2])

    def memory_mb(self) -> float:
        """Return its resident memory in MiB (Linux)."""
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("the system does not tell the resident memory")

    def cpu_seconds(self) -> float:
        """Return the processor time it has used so far, user and system (Linux)."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self) -> "ServerProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def seconds_to_answer(command: list[str], url: str) -> float:
    """Start a server, wait until `url` answers, end it; return the seconds from start to answer."""
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while time.perf_counter() - started < START_TIMEOUT_S:
            if process.poll() is not None:
                raise RuntimeError(f"{' '.join(command)} ended with exit code {process.returncode}")
            try:
                with urlopen(url, timeout=1):
                    return time.perf_counter() - started
            except (URLError, ConnectionError):
                time.sleep(0.005)
        raise TimeoutError(f"{url} did not answer within {START_TIMEOUT_S} s")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def seconds_to_end(command: list[str]) -> float:
    """Run a command and return how long it took, in seconds."""
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONUTF8": "1"})
    return time.perf_counter() - started
