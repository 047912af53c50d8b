"""Triggers and status queries a second, each variant in turn (A B C A B C ...), medians over the rounds."""

import json
import sqlite3
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from .load import Connection, Result, Target, answer_body, http_request, press
from .processes import ServerProcess

CONNECTIONS = (1, 8, 32)
API = "/webroot/decision/sp/client/api/fdl"
SUCCESS = b'"errorCode":null'


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure: seconds a piece, and how many rounds."""

    seconds: float
    rounds: int


@dataclass(frozen=True, slots=True)
class Rate:
    """The medians of one variant; `ratio` is that of its rate to the first variant's, taken round by round."""

    per_second: float
    ratio: float
    p50_ms: float
    p99_ms: float
    cpu_us: float


def credentials(server: ServerProcess) -> dict[str, str]:
    """Return the headers that say who calls our server."""
    return {"client_id": server.told["client_id"], "secret": server.told["secret"]}


def execute_request(server: ServerProcess, task: str, params: Mapping[str, str] | None = None) -> bytes:
    """Return the trigger request for one of the benchmark's tasks."""
    body = {"workId": server.told["tasks"][task], **({"params": params} if params else {})}
    return http_request("POST", f"{API}/workId/execute", credentials(server), json.dumps(body).encode())


def info_request(server: ServerProcess, record_id: str) -> bytes:
    """Return the status request for one instance."""
    return http_request("GET", f"{API}/record/info?recordId={record_id}", credentials(server))


def run_once(server: ServerProcess) -> str:
    """Run a task to its end and return the recordId."""
    with Connection(server.port) as connection:
        answer = json.loads(answer_body(connection.exchange(execute_request(server, "nothing"))))
    wait_until_idle(server, "nothing")
    return str(answer["data"]["recordId"])


def sample_answers(server: ServerProcess, directory: Path, record_id: str) -> None:
    """Write our own answers into files, for the bare server to answer with as many bytes."""
    with Connection(server.port) as connection:
        for name, request in (
            ("execute", execute_request(server, "nothing")),
            ("info", info_request(server, record_id)),
        ):
            answer = connection.exchange(request)
            assert SUCCESS in answer, answer
            (directory / name).write_bytes(answer_body(answer))


def like_ours(ours: bytes, path: str, method: str = "POST") -> bytes:
    """Return our request, with another path: the bare server reads as many header and body bytes."""
    _, _, rest = ours.partition(b"\r\n")
    return f"{method} {path} HTTP/1.1\r\n".encode() + rest


def wait_until_idle(server: ServerProcess, task: str) -> None:
    """Wait until no instance of the task waits or runs, so that the next variant has the machine for itself."""
    uri = f"file:{server.told['store']}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as reader:
        question = (
            "SELECT EXISTS (SELECT 1 FROM instance WHERE state IN ('WAITING', 'RUNNING') AND task_id = "
            "(SELECT id FROM task WHERE name = ?))"
        )
        while reader.execute(question, (task,)).fetchone()[0]:
            time.sleep(0.05)


def terminate_all(server: ServerProcess, task: str) -> None:
    """End whatever waits or runs of the task, so that every piece starts with an empty queue."""
    body = json.dumps({"workId": server.told["tasks"][task]}).encode()
    request = http_request("POST", f"{API}/workId/terminate", credentials(server), body)
    with Connection(server.port) as connection:
        assert SUCCESS in connection.exchange(request)
    wait_until_idle(server, task)


Variant = Callable[[int, float], Result]


def pressing(server: ServerProcess, request: bytes, expected: bytes, then: Callable[[], None] | None = None) -> Variant:
    """Return a variant that presses one server with one request; `then` runs after each piece, unmeasured."""
    target = Target(server.port, request, expected)

    def run(connections: int, seconds: float) -> Result:
        before = server.cpu_seconds()
        result = press(target, connections, seconds)
        result.cpu_seconds = server.cpu_seconds() - before
        if then is not None:
            then()
        if result.wrong:
            raise RuntimeError(f"{result.wrong} of {len(result.latencies)} answers were not as expected")
        return result

    return run


def sqlite_commits(path: Path) -> Variant:
    """Return the variant that needs no server: one durable row a commit, in one thread."""

    def run(_connections: int, seconds: float) -> Result:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("CREATE TABLE IF NOT EXISTS run (id INTEGER PRIMARY KEY, uid TEXT UNIQUE, at INTEGER)")
            return _insert_for(connection, seconds)

    return run


def _insert_for(connection: sqlite3.Connection, seconds: float) -> Result:
    result = Result()
    started = now = time.perf_counter()
    while now - started < seconds:
        connection.execute("INSERT INTO run (uid, at) VALUES (?, ?)", (str(uuid.uuid4()), time.time_ns()))
        before, now = now, time.perf_counter()
        result.latencies.append(now - before)
    result.seconds = now - started
    return result


def interleaved(variants: Mapping[str, Variant], connections: int, effort: Effort) -> dict[str, Rate]:
    """Measure the variants in turn, `effort.rounds` times, and return the medians of each.

    Ratios are taken within a round: what else the machine does then touches both sides of them.
    """
    rounds = [
        {name: variant(connections, effort.seconds) for name, variant in variants.items()} for _ in range(effort.rounds)
    ]
    first = next(iter(variants))
    return {name: _medians([(one[name], one[first]) for one in rounds]) for name in variants}


def _medians(pairs: list[tuple[Result, Result]]) -> Rate:
    return Rate(
        median(one.rate for one, _ in pairs),
        median(one.rate / first.rate for one, first in pairs),
        median(one.percentile_ms(50) for one, _ in pairs),
        median(one.percentile_ms(99) for one, _ in pairs),
        median(one.cpu_us for one, _ in pairs),
    )
