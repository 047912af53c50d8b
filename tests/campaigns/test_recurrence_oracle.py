"""The fires of a schedule against a clock walked minute by minute, round the changes of real zones from 2000 to 2040.

CAMPAIGN=full asks all cases, the normal run a tenth.
"""

import os
import random
from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from walked_clock import DAY, expression, transitions, watch

from fdl_trigger.domain.recurrence import Cron, CronError, PlanType, Schedule, WallClock, parse
from fdl_trigger.domain.recurrence.rules import OnDays
from fdl_trigger.domain.recurrence.work_days import EveryDay, ListedDays, WorkDays

pytestmark = pytest.mark.campaign

FULL = os.environ.get("CAMPAIGN") == "full"
SHARE = 1 if FULL else 10
MINUTE_CASES = 100_000 // SHARE
INTERVAL_CASES = 10_000 // SHARE
SECOND_CASES = 2_000 // SHARE
DAY_WALKS = 400 // SHARE
ZONES = [
    "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Shanghai", "Africa/Casablanca",
    "America/Sao_Paulo", "Pacific/Apia", "Antarctica/Troll", "Antarctica/Casey", "America/Havana", "Asia/Tehran",
    "Asia/Gaza", "Africa/Cairo", "America/Caracas", "Asia/Kathmandu", "Asia/Pyongyang", "Europe/Dublin",
    "Europe/Moscow", "Europe/Istanbul", "Pacific/Auckland", "Pacific/Chatham", "America/St_Johns", "America/Asuncion",
    "America/Santiago", "Atlantic/Azores", "Asia/Beirut", "Asia/Amman", "Africa/Juba", "America/Scoresbysund",
    "America/Nuuk", "Asia/Kolkata", "UTC",
]  # fmt: skip
WINDOW_S = 3 * 3600


def changes() -> list[tuple[str, int]]:
    """Every zone with every change of its clock; a zone without any has its New Year of 2020."""
    found = []
    for zone in ZONES:
        seconds = transitions(zone)
        apart = [second for i, second in enumerate(seconds) if i == 0 or second - seconds[i - 1] > 2 * 86_400]
        found += [(zone, second) for second in apart or [1_577_836_800]]
    random.Random(5).shuffle(found)
    return found


def by_turns(cases: int) -> Iterator[tuple[str, int, int]]:
    """Share the cases out over the changes; yields (zone, change, number of cases)."""
    every = changes()
    share, rest = divmod(cases, len(every))
    for index, (zone, change) in enumerate(every):
        here = share + (index < rest)
        if here:
            yield zone, change, here


def fires_between(schedule: Schedule, start: int, end: int) -> list[int]:
    within = takewhile(lambda fire: fire <= end * 1000, schedule.fires_after(start * 1000 - 1))
    return [fire // 1000 for fire in within]


def agree(schedule: Schedule, expected: list[int], start: int, end: int, rng: random.Random, about: str) -> None:
    assert fires_between(schedule, start, end) == expected, about
    probe = rng.randint(start * 1000, end * 1000)
    at = bisect_right([second * 1000 for second in expected], probe)
    found = schedule.next_fire(probe)
    if at < len(expected):
        assert found == expected[at] * 1000, f"{about} after {probe}"
    else:
        assert found is None or found > end * 1000, f"{about} after {probe}"


def chosen_days(rng: random.Random, near: date) -> tuple[WorkDays, Callable[[date], bool]]:
    """Now and then a work calendar of some days around."""
    if rng.random() < 0.85:
        return EveryDay(), lambda at: True
    days = tuple(near + k * DAY for k in range(-3, 40) if rng.random() < 0.5) or (near,)
    return ListedDays(days), lambda at: at in days


def cron_schedule(text: str, zone: str, days: WorkDays) -> Schedule | None:
    try:
        cron = Cron.parse(text)
    except CronError as error:
        if "never fires" in str(error):
            return None
        raise
    return Schedule("oracle", PlanType.CRON, OnDays(cron.days, cron.times), WallClock(ZoneInfo(zone)), days=days)


def test_cron_agrees_with_a_clock_walked_by_the_minute() -> None:
    rng = random.Random(2026)
    asked: set[tuple[str, str, int]] = set()
    fired = 0
    for zone, change, cases in by_turns(MINUTE_CASES):
        start, end = change - WINDOW_S, change + WINDOW_S
        walked = list(watch(ZoneInfo(zone), start, end, 60))
        near = [wall for _, passed in walked for wall in passed]
        for _ in range(cases):
            made = expression(rng, rng.choice(near))
            while (made.text, zone, change) in asked:
                made = expression(rng, rng.choice(near))
            asked.add((made.text, zone, change))
            days, allowed = chosen_days(rng, near[0].date())
            expected = [
                second for second, passed in walked if any(made.matches(w) and allowed(w.date()) for w in passed)
            ]
            fired += len(expected)
            schedule = cron_schedule(made.text, zone, days)
            about = f"{made.text} in {zone} round {change}"
            if schedule is None:
                assert expected == [], about
            else:
                agree(schedule, expected, start, end, rng, about)
    assert len(asked) == MINUTE_CASES
    assert fired > MINUTE_CASES, "the expressions were too rare to say anything"


def test_cron_with_seconds_agrees_with_a_clock_walked_by_the_second() -> None:
    rng = random.Random(7)
    for zone, change, cases in by_turns(SECOND_CASES):
        start, end = change - 120, change + 3_780
        walked = list(watch(ZoneInfo(zone), start, end, 1))
        near = [wall for _, passed in walked for wall in passed]
        for _ in range(cases):
            made = expression(rng, rng.choice(near), seconds=True)
            expected = [second for second, passed in walked if any(made.matches(wall) for wall in passed)]
            schedule = cron_schedule(made.text, zone, EveryDay())
            if schedule is None:
                assert expected == []
            else:
                agree(schedule, expected, start, end, rng, f"{made.text} in {zone} round {change}")


def test_intervals_agree_with_a_clock_walked_by_the_minute() -> None:
    rng = random.Random(11)
    for zone, change, cases in by_turns(INTERVAL_CASES):
        start, end = change - WINDOW_S, change + WINDOW_S
        walked = list(watch(ZoneInfo(zone), start, end, 60))
        near = [wall for _, passed in walked for wall in passed]
        for _ in range(cases):
            period, count = rng.choice(["MIN", "HOUR", "DAY", "WEEK", "MON"]), rng.randint(1, 59)
            base = start - rng.randint(1, 900) * 60 * rng.choice([1, 60, 1440])
            if period in ("DAY", "WEEK", "MON"):
                count, base = rng.choice([1, 1, 2, 3]), _earlier(rng.choice(near), period, rng, zone)
            document = {
                "name": "oracle", "type": "CALENDAR", "start": base * 1000, "timeZone": zone,
                "value": {"interval": count, "period": period},
            }  # fmt: skip
            expected = _stepped(walked, ZoneInfo(zone), base, period, count)
            agree(parse(document), expected, start, end, rng, f"{document} round {change}")


def _earlier(near: datetime, period: str, rng: random.Random, zone: str) -> int:
    """A base some whole periods before a wall time near the change."""
    back = rng.randint(1, 12)
    wall = near - timedelta(days=back * (7 if period == "WEEK" else 1))
    if period == "MON":
        months = near.year * 12 + near.month - 1 - back
        year, month = divmod(months, 12)
        wall = near.replace(year=year, month=month + 1, day=rng.choice([min(near.day, 28), 1]))
    return int(wall.replace(tzinfo=ZoneInfo(zone)).timestamp())


def _stepped(walked: list[tuple[int, list[datetime]]], zone: ZoneInfo, base: int, period: str, count: int) -> list[int]:
    if period in ("MIN", "HOUR"):
        step = count * (60 if period == "MIN" else 3600)
        return [second for second, _ in walked if second >= base and (second - base) % step == 0]
    first = datetime.fromtimestamp(base, zone).replace(tzinfo=None)
    walls = {first}
    for k in range(1, 60):
        if period == "MON":
            year, month = divmod(first.year * 12 + first.month - 1 + k * count, 12)
            last = (date(year + month // 11, (month + 1) % 12 + 1, 1) - DAY).day
            walls.add(first.replace(year=year, month=month + 1, day=min(first.day, last)))
        else:
            walls.add(first + timedelta(days=k * count * (7 if period == "WEEK" else 1)))
    return [second for second, passed in walked if second >= base and any(wall in walls for wall in passed)]


def test_the_days_of_cron_agree_with_a_calendar_walked_by_the_day() -> None:
    rng = random.Random(3)
    first, last = datetime(2000, 1, 1), datetime(2040, 12, 31)
    for _ in range(DAY_WALKS):
        near = first + timedelta(days=rng.randrange((last - first).days))
        made = expression(rng, near)
        schedule = cron_schedule(made.text, "UTC", EveryDay())
        walked = [first.date() + k * DAY for k in range((last - first).days)]
        expected = [day for day in walked if made.on(day)]
        if schedule is None:
            assert expected == []
            continue
        rule = schedule.rule
        assert isinstance(rule, OnDays)
        found, day = [], rule.days.following(walked[0])
        while day is not None and day <= walked[-1]:
            found.append(day)
            day = rule.days.following(day + DAY)
        assert found == expected, made.text
