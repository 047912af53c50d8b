"""Kill the service with SIGKILL under load, again and again: no answered id is lost, nothing stays running."""

import os
import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from campaign_checker import StoreChecker
from campaign_load import Load
from campaign_service import ATTEMPTS, SOURCE_ROWS, Seeded, ServedStore, source

FULL = os.environ.get("CAMPAIGN") == "full"
KILLS = 100 if FULL else 10
RECOVERY_LIMIT_S = 5.0
FINISH_LIMIT_S = 300.0 if FULL else 60.0
CALLERS = 4
PAUSE_S = 0.02


@pytest.mark.campaign
def test_killing_the_service_under_load_loses_no_answered_id_and_leaves_nothing_running(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = time.monotonic()
    service = ServedStore(tmp_path)
    checker = StoreChecker(service.path)
    with source() as address:
        seeded = service.seed(address)
        service.start()
        try:
            with Load(seeded, lambda: service.url, CALLERS, PAUSE_S) as load:
                slowest = _kill_again_and_again(service, checker, load)
            assert checker.wait_until_finished(FINISH_LIMIT_S) == 0
            assert service.stop() == 0
        finally:
            service.kill()
    _check_the_end(checker, load, seeded)
    _check_target(service.target)
    with capsys.disabled():
        _tell(checker, load, slowest, time.monotonic() - begun)


def _tell(checker: StoreChecker, load: Load, slowest_s: float, took_s: float) -> None:
    print(  # noqa: T201 - the figures of a campaign are for people
        f"\n{KILLS} kills in {took_s:.0f} s: {len(load.answered)} answered ids, 0 lost, {len(load.terminated)} "
        f"terminated by call, at most {slowest_s:.2f} s from a start until nothing dead was running; "
        f"{dict(checker.endings())}"
    )


def _kill_again_and_again(service: ServedStore, checker: StoreChecker, load: Load) -> float:
    dice = random.Random(20261123)
    dead: set[str] = set()
    slowest, found_running = 0.0, 0
    for _ in range(KILLS):
        time.sleep(dice.uniform(0.02, 1.0))
        service.kill()
        answered = list(load.answered)
        owners = checker.running_owners()
        found_running += bool(owners)
        dead |= owners
        recovered_s = checker.seconds_until_recovered(dead, service.start(), RECOVERY_LIMIT_S)
        assert recovered_s < RECOVERY_LIMIT_S
        slowest = max(slowest, recovered_s)
        assert checker.missing(answered) == set()
    assert found_running > KILLS // 2, "the kills did not meet enough runs under way to mean anything"
    return slowest


def _check_the_end(checker: StoreChecker, load: Load, seeded: Seeded) -> None:
    assert load.unexpected == []
    assert checker.failures() == []
    assert len(load.answered) == len(set(load.answered))
    assert len(load.answered) > 10 * KILLS
    assert checker.missing(load.answered) == set()
    assert checker.not_terminated(load.terminated) == set()
    assert checker.faults({seeded.once: 1, seeded.rerun: ATTEMPTS}) == []
    endings = checker.endings()
    assert set(endings) <= {"SUCCEEDED", "TERMINATED user", "TERMINATED lost"}, endings


def _check_target(target: Path) -> None:
    """Whatever was killed or run again, each table holds each row of the source once."""
    with closing(sqlite3.connect(target)) as connection:
        for table in ("rerun", "once"):
            rows = connection.execute(f"SELECT count(*), count(DISTINCT id) FROM {table}").fetchone()
            assert rows == (SOURCE_ROWS, SOURCE_ROWS)
