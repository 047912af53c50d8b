"""Cron expressions: what they mean, what is refused and how it is said, and what croniter says to them."""

import random
from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter

from fdl_trigger.domain.recurrence import Cron, CronError, PlanType, Schedule, WallClock
from fdl_trigger.domain.recurrence.rules import OnDays


def fires(text: str, start: str = "2026-01-01T00:00:00", n: int = 4) -> list[str]:
    cron = Cron.parse(text)
    clock = WallClock(ZoneInfo("UTC"))
    after = clock.moment(datetime.fromisoformat(start)) - 1
    schedule = Schedule("cron", PlanType.CRON, OnDays(cron.days, cron.times), clock)
    return [clock.shows(fire).strftime("%Y-%m-%d %H:%M:%S") for fire in schedule.preview(after, n)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 30 12 * * ?", ["2026-01-01 12:30:00", "2026-01-02 12:30:00"]),
        ("0 0/5 * * * ?", ["2026-01-01 00:00:00", "2026-01-01 00:05:00"]),
        (
            "0 5/20 * * * ?",
            ["2026-01-01 00:05:00", "2026-01-01 00:25:00", "2026-01-01 00:45:00", "2026-01-01 01:05:00"],
        ),
        ("0 /20 * * * ?", ["2026-01-01 00:00:00", "2026-01-01 00:20:00"]),
        ("0 0 9 ? * 2-6", ["2026-01-01 09:00:00", "2026-01-02 09:00:00", "2026-01-05 09:00:00"]),
        ("0 0 9 ? * mon-fri", ["2026-01-01 09:00:00", "2026-01-02 09:00:00", "2026-01-05 09:00:00"]),
        ("0 0 9 ? * FRI-MON", ["2026-01-02 09:00:00", "2026-01-03 09:00:00", "2026-01-04 09:00:00"]),
        ("0 0 22-2/2 * * ?", ["2026-01-01 00:00:00", "2026-01-01 02:00:00", "2026-01-01 22:00:00"]),
        ("0 0 0 L * ?", ["2026-01-31 00:00:00", "2026-02-28 00:00:00"]),
        ("0 0 0 L-3 * ?", ["2026-01-28 00:00:00", "2026-02-25 00:00:00"]),
        ("0 0 0 LW * ?", ["2026-01-30 00:00:00", "2026-02-27 00:00:00", "2026-03-31 00:00:00"]),
        ("0 0 0 L-1W * ?", ["2026-01-30 00:00:00", "2026-02-27 00:00:00", "2026-03-30 00:00:00"]),
        ("0 0 0 1W * ?", ["2026-01-01 00:00:00", "2026-02-02 00:00:00", "2026-03-02 00:00:00"]),
        ("0 0 0 1W 8 ?", ["2026-08-03 00:00:00", "2027-08-02 00:00:00"]),
        ("0 0 0 31W * ?", ["2026-01-30 00:00:00", "2026-03-31 00:00:00"]),
        ("0 0 0 1,15W,L * ?", ["2026-01-01 00:00:00", "2026-01-15 00:00:00", "2026-01-31 00:00:00"]),
        ("0 15 10 ? * 6#3", ["2026-01-16 10:15:00", "2026-02-20 10:15:00"]),
        ("0 15 10 ? * FRI#5", ["2026-01-30 10:15:00", "2026-05-29 10:15:00"]),
        ("0 0 0 ? * 4#2", ["2026-01-14 00:00:00"]),
        ("0 0 0 ? * 5L", ["2026-01-29 00:00:00", "2026-02-26 00:00:00"]),
        ("0 0 0 ? * L", ["2026-01-03 00:00:00", "2026-01-10 00:00:00"]),
        ("0 0 0 29 2 ?", ["2028-02-29 00:00:00", "2032-02-29 00:00:00"]),
        ("0 0 0 1 JAN,jul ? 2027/2", ["2027-01-01 00:00:00", "2027-07-01 00:00:00", "2029-01-01 00:00:00"]),
        ("30 59 23 31 12 ? 2099", ["2099-12-31 23:59:30"]),
        ("30 8 * * *", ["2026-01-01 08:30:00", "2026-01-02 08:30:00"]),
        ("0 0 13 * FRI", ["2026-01-02 00:00:00", "2026-01-09 00:00:00", "2026-01-13 00:00:00"]),
        ("0 0 * * 7", ["2026-01-04 00:00:00", "2026-01-11 00:00:00"]),
        ("0 0 * * 0", ["2026-01-04 00:00:00", "2026-01-11 00:00:00"]),
        ("0 0 ? * 1-5", ["2026-01-01 00:00:00", "2026-01-02 00:00:00", "2026-01-05 00:00:00"]),
    ],
)
def test_an_expression_fires_at_these_times(text: str, expected: list[str]) -> None:
    assert fires(text)[: len(expected)] == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0 60 * * * ?", "minute: '60' is not accepted; it takes 0-59"),
        ("0 0 24 * * ?", "hour: '24' is not accepted; it takes 0-23"),
        ("60 0 0 * * ?", "second: '60'"),
        ("0 0 0 32 * ?", "day: '32' is not accepted; it takes 1-31"),
        ("0 0 0 0 * ?", "day: '0'"),
        ("0 0 0 1 13 ?", "month: '13' is not accepted; it takes 1-12 or JAN-DEC"),
        ("0 0 0 1 FOO ?", "month: 'FOO'"),
        ("0 0 0 ? * 8", "weekday: '8' is not accepted; it takes 1-7 or SUN-SAT"),
        ("0 0 0 ? * 0", "1 is Sunday"),
        ("0 0 * * 8", "0 and 7 are Sunday"),
        ("0 0 0 ? * 2#6", "n#k takes a k from 1 to 5"),
        ("0 0 0 ? * 2#0", "n#k takes a k from 1 to 5"),
        ("0 0 0 ? * 9L", "weekday: '9'"),
        ("0 0 0 L-31 * ?", "L-n takes 1-30 days"),
        ("0 0 0 1-5W * ?", "day: '5W' is not accepted"),
        ("0 0 0 32W * ?", "day: '32'"),
        ("0 0 0 1 1 ? 2200", "year: '2200' is not accepted; it takes 1970-2099"),
        ("0 0 0 1 1 ? 2030-2020", "year: the range '2030-2020' ends before it starts"),
        ("0 */60 * * * ?", "minute: the step of '*/60' is not accepted; it takes 1-59"),
        ("0 */0 * * * ?", "it takes 1-59"),
        ("0 0 0 * * *", "exactly one of day and weekday must be '?'"),
        ("0 0 0 ? * ?", "exactly one of day and weekday must be '?'"),
        ("0 0 0 1 * MON", "exactly one of day and weekday must be '?'"),
        ("0 ? 0 1 * ?", "minute: '?'"),
        ("0 0 0 1,? * ?", "day: '?'"),
        ("0 1, 0 1 * ?", "minute: ''"),
        ("0 1-2-3 0 1 * ?", "minute: '1-2-3'"),
        ("0 -1 0 1 * ?", "minute: '-1'"),
        ("0 ٣ 0 1 * ?", "minute: '٣'"),
        ("0 0 0 ? * ſUN", "weekday: 'ſUN'"),
        ("@daily", "the expression has 1 fields"),
        ("", "the expression has 0 fields"),
        ("0 0 0 1 1 ? 2027 extra", "the expression has 8 fields"),
        ("0 0 0 1 1 ? " + ",".join(["2027"] * 60), "at most 255"),
    ],
)
def test_a_mistake_is_refused_naming_the_field_and_what_it_takes(text: str, told: str) -> None:
    with pytest.raises(CronError) as refused:
        Cron.parse(text)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    "text", ["0 0 0 30 2 ?", "0 0 0 31 4,6,9,11 ?", "0 0 30 2 *", "0 0 0 29 2 ? 2027", "0 0 0 ? 2 1#5 2027"]
)
def test_an_impossible_date_never_fires_and_is_refused(text: str) -> None:
    with pytest.raises(CronError, match="never fires"):
        Cron.parse(text)


def test_all_mistakes_of_an_expression_are_told_at_once() -> None:
    with pytest.raises(CronError) as refused:
        Cron.parse("0 61 25 * 13 *")
    assert [problem.split(":")[0] for problem in refused.value.problems[:3]] == ["hour", "minute", "month"]


def test_only_the_accepted_numbers_of_fields_are_read() -> None:
    with pytest.raises(CronError, match=r"it takes 6 .*, or 7 "):
        Cron.parse("0 12 * * *", counts=(6, 7))


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ("* * * * * ?", 1),
        ("0/30 * * * * ?", 30),
        ("0 * * * * ?", 60),
        ("5,50 0 * * * ?", 45),
        ("0 0,50 * * * ?", 600),
        ("0 0,59 * * * ?", 60),
        ("0 59 0,23 * * ?", 3600),
        ("0 0 8 * * ?", 86_400),
        ("0,30 59 23 * * ?", 30),
    ],
)
def test_the_shortest_time_between_two_fires_is_known(text: str, gap: int) -> None:
    assert Cron.parse(text).times.smallest_gap() == gap


UNIX_TERMS = {0: (0, 59), 1: (0, 23), 2: (1, 31), 3: (1, 12), 4: (0, 6)}


def _term(rng: random.Random, low: int, high: int) -> str:
    # croniter takes 6-6 for every day, and 0-6 or */1 for a field left open: docs/adr/0005.
    first, last = sorted(rng.sample(range(low, high), 2))
    step = rng.randint(2, min(high, 12))
    return rng.choice(
        ["*", "*", "*", f"*/{step}", f"{first}", f"{first}-{last}", f"{first}-{last}/{step}", f"{first},{last}"]
    )


def _compared(text: str, translated: str, start: datetime) -> None:
    cron = Cron.parse(text)
    clock = WallClock(ZoneInfo("UTC"))
    schedule = Schedule("ours", PlanType.CRON, OnDays(cron.days, cron.times), clock)
    theirs = croniter(translated, start, second_at_beginning=True)
    expected = [int(theirs.get_next(float)) * 1000 for _ in range(12)]
    assert list(islice(schedule.fires_after(int(start.timestamp()) * 1000), 12)) == expected, text


def test_croniter_agrees_on_five_fields() -> None:
    rng = random.Random(5)
    for _ in range(400):
        fields = [_term(rng, low, high) for low, high in UNIX_TERMS.values()]
        if fields[2] != "*" and fields[3] != "*":
            fields[3] = "*"  # a day such a month may lack
        text = " ".join(fields)
        _compared(text, text, datetime(2026, rng.randint(1, 12), rng.randint(1, 28), tzinfo=UTC))


QUARTZ_DAYS = [
    ("L * ?", "L * *"),
    ("15W * ?", "15W * *"),
    ("1W * ?", "1W * *"),
    ("? * 6L", "* * L5"),
    ("? * 6#3", "* * 5#3"),
    ("? * 1#1", "* * 0#1"),
    ("? * 2-6", "* * 1-5"),
    ("? 3 L", "* 3 SAT"),
    ("29 2 ?", "29 2 *"),
    ("28-31 * ?", "28-31 * *"),
]


@pytest.mark.parametrize(("ours", "theirs"), QUARTZ_DAYS)
def test_croniter_agrees_on_quartz_forms_once_its_weekdays_are_translated(ours: str, theirs: str) -> None:
    rng = random.Random(6)
    for _ in range(20):
        clock = f"{rng.randint(0, 59)} {_term(rng, 0, 59)} {_term(rng, 0, 23)}"
        _compared(f"{clock} {ours}", f"{clock} {theirs}", datetime(2026, rng.randint(1, 12), 5, 12, tzinfo=UTC))
