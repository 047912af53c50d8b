"""A process killed at each named place: nothing answered is lost, nothing is doubled, finished nodes do not run again.

Each test kills a real process at its place, starts the service anew on what the dead one left, has the caller who got
no answer ask again, and reads the SQLite file past the service.
"""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from campaign_checker import StoreChecker
from fail_point_program import ATTEMPTS, Steps, act, click, opened, seed

import fdl_trigger
from fdl_trigger.config import ConfigError, Settings
from fdl_trigger.runtime import Runtime

FULL = os.environ.get("CAMPAIGN") == "full"
PROGRAM = Path(__file__).with_name("fail_point_program.py")
RECOVERY_LIMIT_S = 5.0
PATIENCE_S = 30.0
WHOLE_RUN = {"a": 1, "b": 1, "c": 1}
AT_MOST_ONE_AGAIN = {"a": 1, "b": 1, "c": 2}  # killed inside some node or none, nobody knows which
DAYS = 3


@dataclass(frozen=True)
class Kill:
    """Where a process is killed while it does what, and how often nodes ran in the end; `after` is an earlier kill."""

    place: str
    doing: str = "click"
    task: str = "flow"
    ran: dict[str, int] = field(default_factory=lambda: WHOLE_RUN)
    times: int = 1
    after: str = ""
    ends: str = "SUCCEEDED"

    def __str__(self) -> str:
        return " ".join(part for part in (self.doing, self.task, self.after, self.place) if part)


TWICE_A, TWICE_B, TWICE_C = ({**WHOLE_RUN, name: 2} for name in "abc")
MENDED = {**TWICE_B, "d": 1}  # b failed, so d ran; the retry runs b and c
CALLED = {f"flow {name}": 1 for name in WHOLE_RUN}
KILLS = [
    Kill("accept.asked"),
    Kill("accept.inside"),
    Kill("key.inside"),
    Kill("accept.committed"),
    Kill("accept.committed:2", times=2, ran=AT_MOST_ONE_AGAIN),
    Kill("key.found", times=2, ran=AT_MOST_ONE_AGAIN),
    Kill("claim.inside"),
    Kill("claim.committed"),
    Kill("run.built"),
    Kill("node.next"),
    Kill("node.started"),  # killed before the node itself begins
    Kill("node.ended", ran=TWICE_A),
    Kill("node.kept"),
    Kill("node.next:2"),
    Kill("node.started:2"),
    Kill("node.ended:2", ran=TWICE_B),
    Kill("node.kept:2"),
    Kill("node.skipped"),
    Kill("node.kept:4"),
    Kill("node.before_retry", task="stumbling", ran=TWICE_B),
    Kill("node.retried", task="stumbling", ran=TWICE_B),
    Kill("container.round", task="rounds", ran={"a": 1, "inside": 3, "c": 1}),
    Kill("settle.asked"),
    Kill("settle.inside"),
    Kill("settle.committed"),
    Kill("writer.begun:4", ran=AT_MOST_ONE_AGAIN),
    Kill("writer.before_commit:7", ran=AT_MOST_ONE_AGAIN),
    Kill("writer.committed:9", ran=AT_MOST_ONE_AGAIN),
    Kill("outbox.inside", task="noticed"),
    Kill("notice.sending", task="noticed"),
    Kill("notice.sent", task="noticed"),
    Kill("notice.kept", task="noticed"),
    Kill("notice.postponed", task="noticed"),
    Kill("call.created", task="caller", ran={**TWICE_B, **CALLED}),
    Kill("call.claimed", task="caller", ran={**TWICE_B, **CALLED}),
    Kill("node.ended:3", task="caller", ran={**TWICE_B, **CALLED, "flow a": 2, "flow b": 2}),
    Kill("call.ended", task="caller", ran={**TWICE_B, **dict.fromkeys(CALLED, 2)}),
    Kill("retry.asked", doing="retry", task="failing", ran=MENDED),
    Kill("accept.inside", doing="retry", task="failing", ran=MENDED),
    Kill("claim.inside", doing="retry", task="failing", ran=MENDED),
    Kill("settle.inside", doing="retry", task="failing", ran=MENDED),
    Kill("backfill.asked", doing="backfill", task="dated"),
    Kill("accept.inside:2", doing="backfill", task="dated"),
    Kill("backfill.committed", doing="backfill", task="dated"),
    Kill("node.started:2", task="once", ran={"a": 1}, ends="TERMINATED"),
    Kill("settle.asked", task="once", ends="TERMINATED"),
    Kill("schedule.moved_on", doing="schedule"),
    Kill("schedule.committed", doing="schedule", ran=AT_MOST_ONE_AGAIN),
    Kill("recovery.begun", after="node.started:2"),
    Kill("recovery.inside", after="node.kept:2"),
    Kill("recovery.committed", after="node.ended:2", ran=TWICE_B),
]

ANYWHERE = [
    Kill(f"writer.{place}:{visit}", task=task, ran=AT_MOST_ONE_AGAIN)
    for visit in range(1, 13)
    for place in ("begun", "before_commit", "committed")
    for task in ("flow", "noticed")
]


class _Hook(ThreadingHTTPServer):
    """A webhook that keeps the id of every message."""

    daemon_threads = True

    def __init__(self) -> None:
        self.received: list[str] = []
        self.refuses_one = False
        super().__init__(("127.0.0.1", 0), _HookHandler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: the caller was killed."""


class _HookHandler(BaseHTTPRequestHandler):
    server: _Hook

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(self.headers["webhook-id"])
        self.send_response(503 if self.server.refuses_one else 204)
        self.server.refuses_one = False
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def hook() -> Iterator[_Hook]:
    with _Hook() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory, hook: _Hook) -> Path:
    """A directory with the published tasks in its store."""
    directory = tmp_path_factory.mktemp("seeded") / "service"
    directory.mkdir()
    with opened(directory, run_engine=False) as runtime:
        seed(runtime, f"http://127.0.0.1:{hook.server_port}/hook")
    return directory


class House:
    """A service on a store of its own, and what its dead processes left."""

    def __init__(self, directory: Path, hook: _Hook) -> None:
        self.directory = directory
        self.hook = hook
        self.checker = StoreChecker(directory / "store.db")
        self.answered: list[str] = []
        hook.received.clear()

    def failed_instance(self) -> str:
        """Run the task that fails as long as it is broken, and mend it."""
        broken = self.directory / "broken"
        broken.touch()
        with opened(self.directory) as runtime:
            uid = runtime.instances.wait(click(runtime, "failing").uid, PATIENCE_S).uid
        broken.unlink()
        return uid

    def killed_at(self, place: str, doing: str, subject: str, times: int) -> None:
        """Run the program until it dies at the place."""
        ended = subprocess.run(
            [sys.executable, str(PROGRAM), str(self.directory), doing, subject, str(times)],
            env={**os.environ, "FDL_TRIGGER_FAIL_POINT": place, "PYTHONPATH": str(PACKAGE.parent)},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert ended.returncode == -signal.SIGKILL, f"it did not come to {place}: {ended.stderr}"
        self.answered += ended.stdout.split()

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        """Ask the file."""
        with closing(sqlite3.connect(self.directory / "store.db")) as connection:
            return connection.execute(question).fetchall()

    def restarted(self, doing: str, subject: str) -> None:
        """Start anew, do again what left no trace, and wait until everything has ended."""
        dead = self.checker.running_owners()
        with opened(self.directory) as runtime:
            since = time.monotonic()
            if dead:
                assert self.checker.seconds_until_recovered(dead, since, RECOVERY_LIMIT_S) < RECOVERY_LIMIT_S
            self._ask_again(runtime, doing, subject)
            self._wait_for("SELECT 1 FROM instance")
            assert self.checker.wait_until_finished(PATIENCE_S) == 0
            self._wait_for("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM notice_delivery WHERE status = 'PENDING')")

    def _ask_again(self, runtime: Runtime, doing: str, subject: str) -> None:
        if doing == "click":
            again = click(runtime, subject).uid  # the same key: the same instance, if there is one
            assert set(self.answered) <= {again}
        elif not self.rows(_TRACES[doing]):
            assert self.answered == []
            act(runtime, doing, subject)

    def _wait_for(self, question: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not self.rows(question):
            assert time.monotonic() < deadline, question
            time.sleep(0.02)

    def ran(self, task: str) -> Counter[str]:
        """Return how often each node began; those of one task by the name of the node alone."""
        return Counter(
            {step.removeprefix(f"{task} "): times for step, times in Steps(self.directory / "steps").counted().items()}
        )


PACKAGE = Path(fdl_trigger.__file__).parent
_TRACES = {
    "retry": "SELECT 1 FROM instance WHERE source_uid IS NOT NULL",
    "backfill": "SELECT 1 FROM backfill",
    "schedule": "SELECT 1 FROM schedule",
}


@pytest.fixture
def house(tmp_path: Path, seeded: Path, hook: _Hook) -> House:
    return House(Path(copytree(seeded, tmp_path / "service")), hook)


@pytest.mark.campaign
@pytest.mark.parametrize("kill", [*KILLS, *ANYWHERE] if FULL else KILLS, ids=str)
def test_a_process_killed_at_a_named_place_loses_nothing_and_doubles_nothing(kill: Kill, house: House) -> None:
    subject = house.failed_instance() if kill.doing == "retry" else kill.task
    house.hook.refuses_one = kill.place == "notice.postponed"
    if kill.after:
        house.killed_at(kill.after, kill.doing, subject, kill.times)
        house.killed_at(kill.place, "nothing", subject, kill.times)
    else:
        house.killed_at(kill.place, kill.doing, subject, kill.times)
    if kill.doing == "backfill":
        assert house.rows("SELECT count(*) FROM instance WHERE backfill_uid IS NOT NULL")[0][0] in (0, DAYS)
    house.restarted(kill.doing, subject)
    _check_store(house, kill)
    _check_runs(house, kill)
    if kill.task == "noticed":
        _check_notice(house)


def _check_store(house: House, kill: Kill) -> None:
    if kill.doing == "click":
        assert not house.checker.missing(house.answered)
    ended = house.rows(
        f"SELECT i.state FROM instance i JOIN task t ON t.id = i.task_id WHERE t.name = '{kill.task}' ORDER BY i.id"
    )
    states = {"retry": ["FAILED", "SUCCEEDED"], "backfill": ["SUCCEEDED"] * DAYS}.get(kill.doing, [kill.ends])
    assert [state for (state,) in ended] == states
    assert house.checker.faults({uid: ATTEMPTS for (uid,) in house.rows("SELECT uid FROM task")}) == []


def _check_runs(house: House, kill: Kill) -> None:
    ran = house.ran(kill.task)
    if kill.ran is AT_MOST_ONE_AGAIN:
        assert set(ran) == set(WHOLE_RUN)
        assert ran.total() <= len(WHOLE_RUN) + 1
    elif kill.doing == "backfill":
        dates = [f"2026-01-0{number} 00:00:00" for number in (1, 2, 3)]
        assert ran == {f"{name} {day}": 1 for name in WHOLE_RUN for day in dates}
    else:
        assert ran == kill.ran


def _check_notice(house: House) -> None:
    assert house.rows("SELECT uid FROM notice") == [(uid,) for uid in sorted(set(house.hook.received))]
    assert house.rows("SELECT DISTINCT status FROM notice_delivery") == [("DELIVERED",)]


def test_every_named_place_is_killed_at() -> None:
    source = "".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    named = set(re.findall(r'fail_point\("([a-z._]+)"\)', source))
    assert named - {kill.place.partition(":")[0] for kill in KILLS} == set()


def test_a_service_does_not_start_with_a_fail_point() -> None:
    with pytest.raises(ConfigError, match="FDL_TRIGGER_FAIL_POINT"):
        Settings.load(None, {"FDL_TRIGGER_FAIL_POINT": "settle.inside"})
