"""Cron expressions: Quartz with six or seven fields, Unix with five. docs/schedules.md has the rules in words."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from .days import (
    ALL_YEARS,
    Days,
    Pick,
    any_of,
    every_day,
    from_end,
    last_weekday,
    month_days,
    nearest_weekday,
    nth_weekday,
    weekdays,
)
from .fields import DAY, HOUR, MINUTE, MONTH, QUARTZ_WEEKDAY, SECOND, UNIX_WEEKDAY, YEAR, Field, FieldError
from .times import EveryCombination

MAX_LENGTH = 255
_LAST_DAY = re.compile(r"L(?:-([0-9]{1,2}))?(W)?", re.IGNORECASE | re.ASCII)
_NEAREST = re.compile(r"([0-9]{1,2})W", re.IGNORECASE)
_LAST_OF_MONTH = re.compile(r"(\w+)L", re.IGNORECASE | re.ASCII)
_NTH = re.compile(r"(\w+)#([0-9]+)", re.ASCII)


class CronError(ValueError):
    """A cron expression has mistakes; `problems` holds one sentence for each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression as days and times of the wall clock."""

    text: str
    days: Days
    times: EveryCombination

    @classmethod
    def parse(cls, text: str, counts: Iterable[int] = (5, 6, 7)) -> "Cron":
        """Read an expression; `counts` are the numbers of fields accepted. Raises CronError with every mistake."""
        texts = text.split()
        if len(text) > MAX_LENGTH:
            raise CronError([f"the expression has {len(text)} characters, at most {MAX_LENGTH} are accepted"])
        if len(texts) not in tuple(counts):
            raise CronError([_wrong_count(len(texts), tuple(counts))])
        cron = _unix(text, texts) if len(texts) == 5 else _quartz(text, texts)
        if cron.days.following(date(ALL_YEARS[0], 1, 1)) is None:
            raise CronError([f"'{text}' never fires: no date has this day, month, weekday and year"])
        return cron


def _wrong_count(found: int, counts: tuple[int, ...]) -> str:
    forms = {
        5: "5 (minute hour day month weekday)",
        6: "6 (second minute hour day month weekday)",
        7: "7 (second minute hour day month weekday year)",
    }
    return f"the expression has {found} fields; it takes {', or '.join(forms[count] for count in counts)}"


def _quartz(text: str, texts: list[str]) -> Cron:
    reading = _Reading()
    times = EveryCombination(
        *(reading.plain(*pair) for pair in ((texts[2], HOUR), (texts[1], MINUTE), (texts[0], SECOND)))
    )
    months = reading.plain(texts[4], MONTH)
    years = reading.plain(texts[6], YEAR) if len(texts) == 7 else ALL_YEARS
    day, week = reading.days(texts[3]), reading.weekdays(texts[5], QUARTZ_WEEKDAY)
    if (texts[3] == "?") == (texts[5] == "?"):
        reading.problems.append("exactly one of day and weekday must be '?': write it for the one that does not matter")
    reading.finish()
    return Cron(text, Days.of(week if texts[3] == "?" else day, months, years), times)


def _unix(text: str, texts: list[str]) -> Cron:
    reading = _Reading()
    times = EveryCombination(reading.plain(texts[1], HOUR), reading.plain(texts[0], MINUTE), (0,))
    months = reading.plain(texts[3], MONTH)
    day, week = reading.days(texts[2]), reading.weekdays(texts[4], UNIX_WEEKDAY)
    reading.finish()
    free = [pick for pick, shown in ((day, texts[2]), (week, texts[4])) if shown not in ("*", "?")]
    return Cron(text, Days.of(any_of(free) if free else every_day, months), times)


class _Reading:
    """Reads the fields one after the other and keeps their mistakes."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def finish(self) -> None:
        if self.problems:
            raise CronError(self.problems)

    def plain(self, text: str, field: Field) -> tuple[int, ...]:
        found: set[int] = set()
        for term in text.split(","):
            try:
                found.update(field.numbers(term))
            except FieldError as error:
                self.problems.append(str(error))
        return tuple(sorted(found)) or (field.low,)

    def days(self, text: str) -> Pick:
        return self._picks(text, _day_pick)

    def weekdays(self, text: str, field: Field) -> Pick:
        return self._picks(text, lambda term: _weekday_pick(term, field))

    def _picks(self, text: str, read: Callable[[str], Pick]) -> Pick:
        if text in ("*", "?"):
            return every_day
        picks = []
        for term in text.split(","):
            try:
                picks.append(read(term))
            except FieldError as error:
                self.problems.append(str(error))
        return any_of(picks)


def _day_pick(term: str) -> Pick:
    if match := _LAST_DAY.fullmatch(term):
        back = int(match[1] or 0)
        if match[1] and not 1 <= back <= 30:
            raise FieldError(f"day: 'L-{match[1]}' is not accepted; L-n takes 1-30 days before the last")
        return nearest_weekday(from_end(back)) if match[2] else from_end(back)
    if match := _NEAREST.fullmatch(term):
        return nearest_weekday(month_days([DAY.number(match[1])]))
    return month_days(DAY.numbers(term))


def _weekday_pick(term: str, field: Field) -> Pick:
    def weekday(number: int) -> int:
        """Monday is 0, from 1-7 (1 is Sunday) or 0-7 (0 and 7 are Sunday)."""
        return (number - field.low - 1) % 7

    if term.upper() == "L":
        return weekdays([weekday(field.top)])
    if match := _NTH.fullmatch(term):
        if match[2] not in ("1", "2", "3", "4", "5"):
            raise FieldError(f"weekday: '{term}' is not accepted; n#k takes a k from 1 to 5")
        return nth_weekday(weekday(field.number(match[1])), int(match[2]))
    if match := _LAST_OF_MONTH.fullmatch(term):
        return last_weekday(weekday(field.number(match[1])))
    return weekdays(weekday(number) for number in field.numbers(term))
