"""`python -m bench [--quick]`: measure everything side by side and print a Markdown table with ratios."""

import argparse
import json
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from . import report
from .latency import SENT, TRIGGERS_PER_SECOND, trigger_ages_ms
from .processes import ROOT, ServerProcess, seconds_to_answer, seconds_to_end
from .report import Report
from .throughput import (
    CONNECTIONS,
    SUCCESS,
    Effort,
    Rate,
    Variant,
    execute_request,
    info_request,
    interleaved,
    like_ours,
    pressing,
    run_once,
    sample_answers,
    sqlite_commits,
    terminate_all,
    wait_until_idle,
)

BARE = "bare Flask on waitress"
PLAIN = "SQLite, synchronous=FULL, one row a commit"


class Bench:
    """One run: our service and the bare server, both up all the time, pressed in turn."""

    def __init__(self, directory: Path, effort: Effort, latency_s: float, instances: int) -> None:
        self._directory = directory
        self._effort = effort
        self._latency_s = latency_s
        self._instances = instances
        self._report = Report()

    def run(self) -> Report:
        """Measure everything."""
        self._footprint_at_start()
        with ExitStack() as stack:
            self._ours = stack.enter_context(self._server("serve_ours", "WARNING"))
            self._logging = stack.enter_context(self._server("serve_ours", "INFO", directory="logging"))
            record = run_once(self._ours)
            sample_answers(self._ours, self._directory, record)
            self._bare = stack.enter_context(self._server("serve_flask"))
            idle = self._ours.memory_mb(), self._bare.memory_mb()
            self._latency()
            for connections in CONNECTIONS:
                self._triggers(connections)
            self._status(record)
            self._report.add("memory after the start, MiB", *idle, note=BARE)
            self._report.add("memory after the load, MiB", self._ours.memory_mb(), self._bare.memory_mb(), note=BARE)
        self._completions()
        return self._report

    def _server(self, module: str, *arguments: str, directory: str = ".") -> ServerProcess:
        place = self._directory / directory
        place.mkdir(exist_ok=True)
        return ServerProcess(module, str(place), *arguments)

    def _triggers(self, connections: int) -> None:
        execute = execute_request(self._ours, "nothing")
        variants = {
            "bare": pressing(self._bare, like_ours(execute, "/execute"), SUCCESS),
            "hold": _holding(self._ours),
            "run": pressing(self._ours, execute, SUCCESS, lambda: wait_until_idle(self._ours, "nothing")),
            "sqlite": sqlite_commits(self._directory / "plain.db"),
        }
        if connections == max(CONNECTIONS):
            variants["logging"] = _holding(self._logging)
        found = interleaved(variants, connections, self._effort)
        self._tell_triggers(connections, found)

    def _tell_triggers(self, connections: int, found: dict[str, Rate]) -> None:
        add, bare, hold = self._report.add, found["bare"], found["hold"]
        what = f"triggers/s, {connections} connection{'s' if connections > 1 else ''}"
        rate = bare.per_second
        add(f"**{what}, durable before answered**", hold.per_second, rate, note=BARE, ratio=hold.ratio)
        run = found["run"]
        add("... while every instance also runs to its end", run.per_second, rate, note=BARE, ratio=run.ratio)
        if "logging" in found:
            logged = found["logging"]
            add("... with a log line a request", logged.per_second, rate, note=BARE, ratio=logged.ratio)
        add("... against one thread that commits row by row", hold.per_second, found["sqlite"].per_second, note=PLAIN)
        add("... latency p50", hold.p50_ms, bare.p50_ms, "ms", BARE)
        add("... latency p99", hold.p99_ms, bare.p99_ms, "ms", BARE)
        add("... processor time a trigger", hold.cpu_us, bare.cpu_us, "µs", BARE)

    def _status(self, record: str) -> None:
        request = info_request(self._ours, record)
        variants = {
            "bare": pressing(self._bare, like_ours(request, "/info", "GET"), SUCCESS),
            "ours": pressing(self._ours, request, SUCCESS),
        }
        for connections in (8, 32):
            found = interleaved(variants, connections, self._effort)
            ours, bare = found["ours"], found["bare"]
            what = f"status queries/s, {connections} connections"
            self._report.add(what, ours.per_second, bare.per_second, note=BARE, ratio=ours.ratio)

    def _latency(self) -> None:
        ours = execute_request(self._ours, "stamp", {"sent": SENT.decode()})
        bare = like_ours(ours, "/hand-over")
        ages = self._directory / "ages"
        found = [
            trigger_ages_ms(server.port, request, ages, self._latency_s)
            for server, request in ((self._bare, bare), (self._ours, ours))
        ]
        for place, name in enumerate(("p50", "p99")):
            self._report.add(
                f"trigger to start, {TRIGGERS_PER_SECOND} triggers/s, {name}",
                found[1][place],
                found[0][place],
                "ms",
                "a queue in memory behind bare Flask, nothing kept",
            )

    def _completions(self) -> None:
        place = self._directory / "completions"
        place.mkdir()
        command = [sys.executable, "-m", "bench.completions", str(place), str(self._instances)]
        ours = json.loads(subprocess.check_output(command, cwd=ROOT))["rate"]
        plain = sqlite_commits(self._directory / "plain.db")(1, self._effort.seconds).rate
        self._report.add("completed instances/s, from a full queue", ours, plain, note=PLAIN)

    def _footprint_at_start(self) -> None:
        port = free_port()
        program = [sys.executable, "-m", "fdl_trigger.cli"]
        (self._directory / "start.toml").write_text(
            f'[store]\npath = "{self._directory / "start.db"}"\n[server]\nport = {port}\n'
        )
        serve = [*program, "serve", "--config", str(self._directory / "start.toml")]
        rounds = max(3, self._effort.rounds)
        start = median(seconds_to_answer(serve, f"http://127.0.0.1:{port}/healthz") for _ in range(rounds))
        flask = [sys.executable, "-c", "import flask, waitress"]
        self._report.add("start until /healthz answers", start, _median_end(flask, rounds), "s", "importing Flask")
        python = _median_end([sys.executable, "-c", "pass"], rounds)
        self._report.add("fdl-trigger --help", _median_end([*program, "--help"], rounds), python, "s", "bare Python")


def _holding(server: ServerProcess) -> Variant:
    """Trigger a task whose first instance holds the others back: they stay in the queue until the piece is over."""
    return pressing(server, execute_request(server, "hold"), SUCCESS, lambda: terminate_all(server, "hold"))


def _median_end(command: list[str], rounds: int) -> float:
    return median(seconds_to_end(command) for _ in range(rounds))


def free_port() -> int:
    """Return a TCP port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Read the arguments, measure in a temporary directory on the disk that holds it, print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a look in twenty seconds; the figures scatter more")
    parser.add_argument("--directory", type=Path, help="where the stores lie while measured (default: temporary files)")
    arguments = parser.parse_args()
    effort, latency_s, instances = (Effort(0.4, 1), 1.0, 320) if arguments.quick else (Effort(1.5, 9), 20.0, 8000)
    with tempfile.TemporaryDirectory(prefix="fdl-bench-", dir=arguments.directory) as directory:
        found = Bench(Path(directory), effort, latency_s, instances).run()
    print(f"{report.machine()}\n\n{found.markdown()}")


if __name__ == "__main__":
    main()
