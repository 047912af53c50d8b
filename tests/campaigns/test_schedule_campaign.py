"""30 days of 200 mixed schedules with restarts and clock jumps; CAMPAIGN=full runs all of it, the normal run a part."""

import os
import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from scheduled_month import DAY, Month, TurnedClock, check, path_of, plans

from fdl_trigger.config import Settings
from fdl_trigger.runtime import Runtime

pytestmark = pytest.mark.campaign

FULL = os.environ.get("CAMPAIGN") == "full"
DAYS, SCHEDULES = (30, 200) if FULL else (3, 60)
# Europe and North America change their clocks within these days; the short run takes in the change of Europe.
START = int((datetime(2026, 3, 5, tzinfo=UTC) if FULL else datetime(2026, 3, 27, 12, tzinfo=UTC)).timestamp() * 1000)


@pytest.mark.parametrize("seed", [1])
def test_every_due_time_runs_once_or_is_skipped_with_a_reason(settings: Settings, tmp_path, seed: int) -> None:
    rng = random.Random(seed)
    clock = TurnedClock(START)
    settings = replace(
        settings,
        store=replace(settings.store, path=path_of(tmp_path)),
        engine=replace(settings.engine, queue_limit=1_000_000),
    )
    month = Month(settings, clock, rng)
    month.run(list(plans(SCHEDULES, START, rng)), START + DAYS * DAY)
    with Runtime(settings, clock=clock, run_engine=False) as runtime:
        wrong, told = check(runtime, START, clock.now)
    print(dict(month.told), dict(told))  # noqa: T201 - shown by pytest -s: how much was asked
    assert wrong == []
    assert told["ran"] > SCHEDULES * DAYS
    assert month.told["restarts"] >= DAYS // 3
