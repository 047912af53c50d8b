"""An oracle for recurrences: expressions made together with what they mean, and a clock walked minute by minute.

Nothing here uses the code under test: a wall time is matched by looking at it, a fire found by watching the clock.
"""

import calendar
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
Matches = Callable[[date], bool]
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]


@dataclass(frozen=True)
class Expression:
    """A cron text and its meaning, one set or predicate a field."""

    text: str
    seconds: set[int]
    minutes: set[int]
    hours: set[int]
    on: Matches

    def matches(self, wall: datetime) -> bool:
        return (
            wall.minute in self.minutes
            and wall.hour in self.hours
            and wall.second in self.seconds
            and self.on(wall.date())
        )


def transitions(zone: str, first: int = 2000, last: int = 2040) -> list[int]:
    """Return the epoch seconds of every change of the zone's offset, found by halving the days that contain one."""
    found, info = [], ZoneInfo(zone)

    def offset(second: int) -> timedelta | None:
        return datetime.fromtimestamp(second, info).utcoffset()

    day = int(datetime(first, 1, 1, tzinfo=UTC).timestamp())
    end = int(datetime(last, 12, 31, tzinfo=UTC).timestamp())
    for start in range(day, end, 86_400):
        low, high = start, start + 86_400
        if offset(low) == offset(high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
        found.append(high)
    return found


def watch(zone: ZoneInfo, start: int, end: int, step: int) -> Iterator[tuple[int, list[datetime]]]:
    """Walk the clock from one epoch second to another; yield each moment with the wall times it first passes."""
    tick = timedelta(seconds=step)
    furthest = datetime.fromtimestamp(start - step, zone).replace(tzinfo=None)
    for second in range(start, end + 1, step):
        shown = datetime.fromtimestamp(second, zone).replace(tzinfo=None)
        passed = []
        while furthest < shown:
            furthest += tick
            passed.append(furthest)
        yield second, passed


def expression(rng: random.Random, near: datetime, *, seconds: bool = False) -> Expression:
    """Make an expression that has a good chance of matching around a wall time."""
    second, second_set = _number(rng, 0, 59, near.second, {}) if seconds else ("0", {0})
    minute, minutes = _number(rng, 0, 59, near.minute, {})
    hour, hours = _number(rng, 0, 23, near.hour, {})
    month, months = _number(rng, 1, 12, near.month, dict(enumerate(MONTHS, 1)), everything=0.6)
    if not seconds and rng.random() < 0.3:
        return _unix(rng, near, (minute, hour, month), (minutes, hours, months))
    if rng.random() < 0.5:
        day, on = _day(rng, near)
        week = "?"
    else:
        day, (week, on) = "?", _weekday(rng, near, quartz=True)
    year, years = _years(rng, near.year)
    text = f"{second} {minute} {hour} {day} {month} {week}{year}"

    def dates(at: date) -> bool:
        return at.month in months and at.year in years and on(at)

    return Expression(text, second_set, minutes, hours, lru_cache(maxsize=None)(dates))


def _unix(
    rng: random.Random, near: datetime, texts: tuple[str, str, str], sets: tuple[set[int], set[int], set[int]]
) -> Expression:
    day, on_day = _day(rng, near)
    week, on_week = _weekday(rng, near, quartz=False)
    if rng.random() < 0.4:
        week, on_week = "*", lambda at: True
    if rng.random() < 0.4:
        day, on_day = "*", lambda at: True
    either = day != "*" and week != "*"

    def dates(at: date) -> bool:
        return at.month in sets[2] and ((on_day(at) or on_week(at)) if either else (on_day(at) and on_week(at)))

    text = f"{texts[0]} {texts[1]} {day} {texts[2]} {week}"
    return Expression(text, {0}, sets[0], sets[1], lru_cache(maxsize=None)(dates))


def _years(rng: random.Random, near: int) -> tuple[str, set[int]]:
    everything = set(range(1970, 2100))
    match rng.randrange(8):
        case 0:
            return " *", everything
        case 1:
            return f" {near - 1}-{near + 1}", {near - 1, near, near + 1}
        case 2:
            return f" {near},{near + 2}", {near, near + 2}
        case 3:
            step = rng.randint(1, 4)
            return f" 2000/{step}", {year for year in everything if year >= 2000 and (year - 2000) % step == 0}
    return "", everything


def _number(
    rng: random.Random, low: int, high: int, near: int, names: dict[int, str], everything: float = 0.2
) -> tuple[str, set[int]]:
    if rng.random() < everything:
        return "*", set(range(low, high + 1))
    terms = [_term(rng, low, high, near, names) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    return ",".join(text for text, _ in terms), set().union(*(numbers for _, numbers in terms))


def _term(rng: random.Random, low: int, high: int, near: int, names: dict[int, str]) -> tuple[str, set[int]]:
    def shown(number: int) -> str:
        return rng.choice([names[number], names[number].lower(), str(number)]) if names else str(number)

    around = low + (near - low + rng.randint(-2, 2)) % (high - low + 1)
    a, b = rng.choice([around, rng.randint(low, high)]), rng.randint(low, high)
    step = rng.randint(1, min(high, 20))
    match rng.randrange(6):
        case 0:
            return f"*/{step}", {n for n in range(low, high + 1) if (n - low) % step == 0}
        case 1:
            return f"{shown(a)}/{step}", {n for n in range(a, high + 1) if (n - a) % step == 0}
        case 2:
            return f"{shown(a)}-{shown(b)}", set(_around(a, b, low, high))
        case 3:
            return f"{shown(a)}-{shown(b)}/{step}", set(_around(a, b, low, high)[::step])
    return shown(a), {a}


def _around(a: int, b: int, low: int, high: int) -> list[int]:
    """The numbers from a to b, past the end of the field where b comes first."""
    numbers = [a]
    while numbers[-1] != b:
        numbers.append(low if numbers[-1] == high else numbers[-1] + 1)
    return numbers


def _day(rng: random.Random, near: datetime) -> tuple[str, Matches]:
    if rng.random() < 0.35:
        return "*", lambda at: True
    terms = [_day_term(rng, near) for _ in range(rng.choice([1, 1, 2]))]
    return ",".join(text for text, _ in terms), lambda at: any(matches(at) for _, matches in terms)


def _day_term(rng: random.Random, near: datetime) -> tuple[str, Matches]:
    n = rng.randint(0, 30)
    target = min(31, max(1, near.day + rng.randint(-2, 2)))
    match rng.randrange(8):
        case 0:
            return "L", lambda at: (at + DAY).day == 1
        case 1:
            return f"L-{n + 1}" if n < 30 else "L", lambda at, n=(n + 1 if n < 30 else 0): _before_end(at) == n
        case 2:
            return "LW", lambda at: at == max(_working(at))
        case 3:
            return f"{target}W", lambda at: at == _nearest(at, target)
        case 4:
            back = rng.randint(1, 30)
            return f"L-{back}W", lambda at: at == _nearest(at, _length(at) - back)
    text, numbers = _term(rng, 1, 31, near.day, {})
    return text, lambda at: at.day in numbers


def _length(at: date) -> int:
    return calendar.monthrange(at.year, at.month)[1]


def _before_end(at: date) -> int:
    return _length(at) - at.day


def _working(at: date) -> list[date]:
    days = [at.replace(day=day) for day in range(1, _length(at) + 1)]
    return [day for day in days if day.isoweekday() <= 5]


def _nearest(at: date, target: int) -> date | None:
    if not 1 <= target <= _length(at):
        return None
    return min(_working(at), key=lambda day: abs(day.day - target))


def _weekday(rng: random.Random, near: datetime, *, quartz: bool) -> tuple[str, Matches]:
    if rng.random() < 0.2:
        return "*", lambda at: True
    terms = [_weekday_term(rng, near, quartz=quartz) for _ in range(rng.choice([1, 1, 2]))]
    return ",".join(text for text, _ in terms), lambda at: any(matches(at) for _, matches in terms)


def _weekday_term(rng: random.Random, near: datetime, *, quartz: bool) -> tuple[str, Matches]:
    low = 1 if quartz else 0
    index = rng.choice([near.isoweekday() % 7, rng.randrange(7)])  # Sunday is 0
    shown = rng.choice([WEEKDAYS[index], str(index + low)])
    match rng.randrange(6):
        case 0:
            return f"{shown}L", lambda at: at.isoweekday() % 7 == index and (at + 7 * DAY).month != at.month
        case 1 | 2:
            nth = rng.randint(1, 5)
            return f"{shown}#{nth}", lambda at: at.isoweekday() % 7 == index and (at.day - 1) // 7 + 1 == nth
        case 3:
            return "L", lambda at: at.isoweekday() == 6
    names = {number + low: name for number, name in enumerate(WEEKDAYS)}
    text, numbers = _term(rng, low, low + 6, index + low, names)
    if not quartz and text == "0" and rng.random() < 0.5:
        text = "7"
    return text, lambda at: at.isoweekday() % 7 + low in numbers
