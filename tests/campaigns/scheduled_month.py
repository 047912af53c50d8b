"""A month of mixed schedules under an accelerated clock with restarts, outages and clock jumps, and its checker."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fdl_trigger.config import Settings
from fdl_trigger.domain.plans import parse_plan
from fdl_trigger.engine.scheduler import BATCH, Scheduler
from fdl_trigger.runtime import Runtime

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
ZONES = ("UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
POLICIES = ("SKIP", "FIRE_ONCE", "FIRE_ALL")


class TurnedClock:
    """Shows what the campaign says."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def plans(number: int, start: int, rng: random.Random) -> Iterator[Mapping[str, Any]]:
    """Yield mixed schedule documents: most fire a few times a day, some every few minutes."""
    for index in range(number):
        kind = ("CRON", "SIMPLE", "DETAIL", "CALENDAR", "ONCE", "CRON")[index % 6]
        document: dict[str, Any] = {"name": f"plan {index}", "type": kind, "timeZone": rng.choice(ZONES)}
        document |= {"misfire": POLICIES[index % 3], "misfireLimit": rng.choice((1, 5, 100))}
        document |= _value(kind, start, rng)
        if index % 10 == 9 and kind != "ONCE":
            document["calendar"] = {"type": "CHINA"}
        yield document


def _value(kind: str, start: int, rng: random.Random) -> dict[str, Any]:
    begin = start + rng.randrange(1, 48) * HOUR // 2
    if kind == "CRON":
        minute, hour = rng.randrange(60), rng.randrange(24)
        texts = (f"0 {minute} {hour} * * ?", f"0 {minute} * ? * MON-FRI", "0 0/30 2-4 * * ?", f"{minute} */6 * * *")
        return {"value": {"cron": rng.choice((*texts, "0 0/10 * * * ?"))}}
    if kind == "SIMPLE":
        count, period = rng.choice(((15, "MIN"), (50, "MIN"), (3, "HOUR"), (1, "DAY")))
        return {"start": begin, "value": {"interval": count, "period": period}}
    if kind == "CALENDAR":
        count, period = rng.choice(((45, "MIN"), (5, "HOUR"), (1, "DAY"), (1, "WEEK"), (1, "MON")))
        return {"start": begin, "value": {"interval": count, "period": period}}
    if kind == "DETAIL":
        times = sorted({f"{rng.randrange(24):02}:{rng.randrange(60):02}" for _ in range(3)})
        return {"value": {"times": times, **rng.choice(({}, {"weekdays": ["MON", "SAT"]}))}}
    return {"start": start + rng.randrange(1, 20) * HOUR}


@dataclass
class Month:
    """Runs the campaign; `highest` is the latest time the clock has ever shown."""

    settings: Settings
    clock: TurnedClock
    rng: random.Random
    highest: int = 0
    next_mishap: int = 0
    told: Counter[str] = field(default_factory=Counter)
    lags: list[int] = field(default_factory=list)

    def run(self, documents: list[Mapping[str, Any]], until: int) -> None:
        """Save the schedules, then let the time pass, with a mishap every few hours."""
        with Runtime(self.settings, clock=self.clock, run_engine=False) as runtime:
            for index, document in enumerate(documents):
                self._task(runtime, index, document)
        while self.clock.now < until:
            with Runtime(self.settings, clock=self.clock, run_engine=False) as runtime:
                self._live(runtime, min(until, self.clock.now + self.rng.randrange(1, 12) * HOUR))
            self.told["restarts"] += 1
            self.clock.now += self.rng.choice((0, 20_000, 5 * MINUTE, HOUR, 9 * HOUR))
        with Runtime(self.settings, clock=self.clock, run_engine=False) as runtime:
            self._turn(runtime, Scheduler(runtime.store, self.clock))

    def _task(self, runtime: Runtime, index: int, document: Mapping[str, Any]) -> None:
        control = {"instancePolicy": "skip"} if index % 25 == 24 else {}
        task = runtime.tasks.save(
            {"workName": f"task {index}", "nodes": [{"id": "n", "type": "VIRTUAL"}], "control": control}
        )
        runtime.tasks.publish(uid=task.uid)
        runtime.schedules.save(document, uid=task.uid)

    def _live(self, runtime: Runtime, until: int) -> None:
        scheduler = Scheduler(runtime.store, self.clock)
        while self.clock.now < until:
            self._turn(runtime, scheduler)
            due = runtime.store.fires.next_due()
            self.clock.now = min(until, max(self.clock.now + 1, due or until) + self.rng.choice((0, 3, 250, 900)))
            if self.clock.now >= self.next_mishap:
                self._set_clock(runtime)
        self._turn(runtime, scheduler)

    def _set_clock(self, runtime: Runtime) -> None:
        by = self.rng.choice((-3 * HOUR, -HOUR, -30_000, 30_000, HOUR, 5 * HOUR))
        self.clock.now += by
        self.next_mishap = self.clock.now + self.rng.randrange(3, 10) * HOUR
        self.told["clock set back" if by < 0 else "clock set forward"] += 1
        if runtime.schedules.is_all_paused():
            runtime.schedules.pause_all(False)
        elif self.rng.random() < 0.25:
            runtime.schedules.pause_all(True)
            self.told["pauses"] += 1

    def _turn(self, runtime: Runtime, scheduler: Scheduler) -> None:
        self.highest = max(self.highest, self.clock.now)
        self.told["turns"] += 1
        scheduler._fire_due()
        turns = 0
        while len(runtime.store.fires.due(self.clock.now, BATCH)) > 0:
            scheduler._fire_due()
            turns += 1
            assert turns < 100, "the scheduler does not come to an end with what is due"


def check(runtime: Runtime, start: int, until: int) -> tuple[list[str], Counter[str]]:
    """Return what is wrong: a due time that neither ran nor was skipped with a reason, a run twice or out of turn."""
    wrong: list[str] = []
    told: Counter[str] = Counter()
    for record in runtime.schedules.list():
        schedule = parse_plan(record.document, zone=record.zone).schedule
        assert schedule is not None
        due = [one.at_ms for one in schedule.occurrences(start, until) if one.fires]
        runs = Counter(
            row[0]
            for row in runtime.store.database.read(
                "SELECT service_date FROM instance WHERE task_id = ? AND trigger_kind = 'schedule'", (record.task_id,)
            )
        )
        skips = [one for one in runtime.store.fires.of(record.id, 1_000_000) if one.cause is not None]
        told.update(one.cause.value for one in skips if one.cause)
        wrong += [f"{record.name}: {at} ran {times} times" for at, times in runs.items() if times != 1]
        wrong += [f"{record.name}: {at} was not due" for at in runs.keys() - set(due)]
        wrong += [f"{record.name}: skipped without a reason at {one.fire_at}" for one in skips if not one.reason]
        for at in due:
            skipped = any(one.fire_at <= at <= one.last_at for one in skips)
            told["due"] += 1
            told["ran" if at in runs else "skipped"] += 1
            if at not in runs and not skipped:
                wrong.append(f"{record.name}: {at} neither ran nor was skipped")
    return wrong, told


def path_of(directory: Path) -> str:
    """Return where the campaign keeps its store."""
    return str(directory / "month.db")
