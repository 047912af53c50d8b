"""What becomes of times a zone skips or shows twice, in real zones."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fdl_trigger.domain.recurrence import Cause, Schedule, parse


def plan(value: str | dict[str, Any], zone: str, **more: Any) -> Schedule:
    kind = "CRON" if isinstance(value, str) else "CALENDAR"
    document = {"name": "zones", "type": kind, "value": {"cron": value} if isinstance(value, str) else value, **more}
    return parse({**document, "timeZone": zone})


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


def fires(schedule: Schedule, start: str, end: str) -> list[str]:
    """Fires between two UTC times, as UTC."""
    found = [o.at_ms for o in schedule.occurrences(moment(start) - 1, moment(end)) if o.fires]
    asked = [fire for fire in schedule.preview(moment(start) - 1, 500) if fire <= moment(end)]
    assert found == asked
    return [datetime.fromtimestamp(fire / 1000, UTC).strftime("%m-%d %H:%M") for fire in found]


SKIPPED = [
    ("America/New_York", "30 2 * * *", "2026-03-08", ["03-08 07:00"]),
    ("Europe/Berlin", "30 2 * * *", "2026-03-29", ["03-29 01:00"]),
    ("Australia/Lord_Howe", "15 2 4 10 *", "2026-10-03", ["10-03 15:30"]),
    ("Africa/Casablanca", "30 2 * * *", "2026-03-22", ["03-22 02:00"]),
    ("America/Sao_Paulo", "0 0 * * *", "2018-11-04", ["11-04 03:00"]),
    ("Asia/Shanghai", "30 2 * * *", "2026-03-08", ["03-08 18:30"]),
    ("Pacific/Apia", "0 12 30 12 *", "2011-12-30", ["12-30 10:00"]),
]


@pytest.mark.parametrize(("zone", "cron", "day", "expected"), SKIPPED)
def test_a_skipped_time_fires_once_at_the_next_valid_minute(
    zone: str, cron: str, day: str, expected: list[str]
) -> None:
    assert fires(plan(cron, zone), f"{day}T00:00", f"{day}T23:59") == expected


REPEATED = [
    ("America/New_York", "30 1 * * *", "2026-11-01", ["11-01 05:30"]),
    ("Europe/Berlin", "30 2 * * *", "2026-10-25", ["10-25 00:30"]),
    ("Australia/Lord_Howe", "45 1 5 4 *", "2026-04-04", ["04-04 14:45"]),
    ("Africa/Casablanca", "30 2 * * *", "2026-02-15", ["02-15 01:30"]),
    ("America/Sao_Paulo", "30 23 17 2 *", "2018-02-18", ["02-18 01:30"]),
]


@pytest.mark.parametrize(("zone", "cron", "day", "expected"), REPEATED)
def test_a_repeated_time_fires_the_first_time_only(zone: str, cron: str, day: str, expected: list[str]) -> None:
    assert fires(plan(cron, zone), f"{day}T00:00", f"{day}T23:59") == expected


def test_times_skipped_together_fire_once_and_are_told_apart() -> None:
    schedule = plan("*/20 2,3 * * *", "Europe/Berlin")
    told = list(schedule.occurrences(moment("2026-03-29T00:00"), moment("2026-03-29T01:00")))
    assert [(o.wall.strftime("%H:%M"), o.fires, o.cause) for o in told] == [
        ("02:00", True, Cause.SKIPPED_TIME),
        ("02:20", False, Cause.MERGED),
        ("02:40", False, Cause.MERGED),
        ("03:00", False, Cause.MERGED),
    ]
    assert fires(schedule, "2026-03-29T00:00", "2026-03-29T01:20") == ["03-29 01:00", "03-29 01:20"]


def test_every_five_minutes_rests_while_the_clock_goes_through_an_hour_again() -> None:
    found = fires(plan("*/5 * * * *", "America/New_York"), "2026-11-01T05:50", "2026-11-01T07:05")
    assert found == ["11-01 05:50", "11-01 05:55", "11-01 07:00", "11-01 07:05"]


def test_intervals_of_minutes_and_hours_count_elapsed_time() -> None:
    every = {"interval": 30, "period": "MIN"}
    schedule = plan(every, "America/New_York", start="2026-10-31T00:00:00")
    assert fires(schedule, "2026-11-01T05:00", "2026-11-01T07:00") == [
        "11-01 05:00", "11-01 05:30", "11-01 06:00", "11-01 06:30", "11-01 07:00",
    ]  # fmt: skip


def test_intervals_of_days_keep_the_time_on_the_wall() -> None:
    daily = plan({"interval": 1, "period": "DAY"}, "America/New_York", start="2026-03-07T02:30:00")
    assert fires(daily, "2026-03-07T00:00", "2026-03-10T00:00") == ["03-07 07:30", "03-08 07:00", "03-09 06:30"]


def test_an_interval_that_starts_in_the_second_round_of_an_hour_fires_at_its_start() -> None:
    daily = plan({"interval": 1, "period": "DAY"}, "America/New_York", start="2026-11-01T01:30:00-05:00")
    assert fires(daily, "2026-11-01T00:00", "2026-11-03T00:00") == ["11-01 06:30", "11-02 06:30"]


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-03-08T07:00", "the clock jumps over it, so it fires once at 2026-03-08 03:00:00"),
        ("2026-11-02T06:30", "is not a time of this schedule"),
        ("2026-11-01T06:30", "for the second time"),
        ("2026-05-05T06:30", "due at 2026-05-05 02:30:00 in America/New_York"),
    ],
)
def test_a_schedule_says_why_it_fires_or_does_not(at: str, told: str) -> None:
    schedule = plan("30 2 * * *", "America/New_York")
    assert told in schedule.explain(moment(at))


def test_a_repeated_time_is_told() -> None:
    schedule = plan("30 1 * * *", "America/New_York")
    assert "fires the first time only" in schedule.explain(moment("2026-11-01T05:30"))
    assert "for the second time" in schedule.explain(moment("2026-11-01T06:30"))
    assert "is not a time of this schedule" in schedule.explain(moment("2026-11-02T06:31"))
