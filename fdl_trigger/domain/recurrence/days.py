"""Which days of a month: plain numbers, weekdays, and the forms L, W and #; and the walk from one day to the next."""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from .fields import FIRST_YEAR, LAST_YEAR

ALL_MONTHS = tuple(range(1, 13))
ALL_YEARS = tuple(range(FIRST_YEAR, LAST_YEAR + 1))

Pick = Callable[[int, int], Iterable[int]]
"""Days of a month, from the weekday of its first day (Monday is 0) and its length."""

_FRIDAY, _SATURDAY = 4, 5
_LENGTHS = (28, 29, 30, 31)


@dataclass(frozen=True, slots=True)
class Days:
    """The days of some years and months. A month's days depend on nothing but the weekday of its first day and its
    length: `patterns` holds them for each of the 28 kinds of month.
    """

    patterns: tuple[tuple[int, ...], ...]
    months: tuple[int, ...] = ALL_MONTHS
    years: tuple[int, ...] = ALL_YEARS

    @classmethod
    def of(cls, chosen: Pick, months: Iterable[int] = ALL_MONTHS, years: Iterable[int] = ALL_YEARS) -> "Days":
        """Return the days `chosen` picks in the given months and years."""
        kinds = ((first, length) for first in range(7) for length in _LENGTHS)
        patterns = tuple(tuple(sorted(set(chosen(first, length)))) for first, length in kinds)
        return cls(patterns, tuple(sorted(set(months))), tuple(sorted(set(years))))

    def following(self, day: date) -> date | None:
        """Return the first of these days at or after `day`, None when there is none."""
        here = (day.year, day.month)
        for year in self.years[bisect_left(self.years, day.year) :]:
            for month in self.months:
                if (year, month) >= here:
                    found = self._in_month(year, month, day.day if (year, month) == here else 1)
                    if found:
                        return date(year, month, found)
        return None

    def _in_month(self, year: int, month: int, earliest: int) -> int | None:
        first, length = date(year, month, 1).weekday(), month_length(year, month)
        days = self.patterns[first * len(_LENGTHS) + length - _LENGTHS[0]]
        index = bisect_left(days, earliest)
        return days[index] if index < len(days) else None


def month_length(year: int, month: int) -> int:
    """Return the number of days of a month."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def every_day(first: int, length: int) -> Iterable[int]:
    """Pick all days."""
    return range(1, length + 1)


def month_days(numbers: Iterable[int]) -> Pick:
    """Pick days by number; a month that is too short has fewer."""
    chosen = frozenset(numbers)
    return lambda first, length: (day for day in chosen if day <= length)


def weekdays(chosen: Iterable[int]) -> Pick:
    """Pick all days that are one of these weekdays (Monday is 0)."""
    kept = frozenset(chosen)
    return lambda first, length: (day for day in range(1, length + 1) if (first + day - 1) % 7 in kept)


def from_end(back: int) -> Pick:
    """Pick the day `back` days before the last one (`L`, `L-3`)."""
    return lambda first, length: [length - back] if length > back else []


def nearest_weekday(target: Pick) -> Pick:
    """Move a picked day to the nearest Monday to Friday of the same month (`15W`, `LW`)."""
    return lambda first, length: [_nearest(day, first, length) for day in target(first, length)]


def _nearest(day: int, first: int, length: int) -> int:
    weekday = (first + day - 1) % 7
    if weekday <= _FRIDAY:
        return day
    if weekday == _SATURDAY:
        return day - 1 if day > 1 else day + 2
    return day + 1 if day < length else day - 2


def last_weekday(weekday: int) -> Pick:
    """Pick the last such weekday of the month (`6L`)."""
    return lambda first, length: [length - (first + length - 1 - weekday) % 7]


def nth_weekday(weekday: int, nth: int) -> Pick:
    """Pick the nth such weekday (`6#3`); a month without it has none."""

    def pick(first: int, length: int) -> list[int]:
        day = 1 + (weekday - first) % 7 + 7 * (nth - 1)
        return [day] if day <= length else []

    return pick


def any_of(picks: Iterable[Pick]) -> Pick:
    """Pick what any of the given picks picks."""
    kept = tuple(picks)
    return lambda first, length: {day for pick in kept for day in pick(first, length)}
