"""Work calendars: the days a schedule may run on; Chinese public holidays with their shifted working days (调休)."""

import importlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Protocol

_ONE_DAY = timedelta(days=1)
_SATURDAY = 5


class WorkDays(Protocol):
    """Says on which dates a schedule may run."""

    def allows(self, day: date) -> bool:
        """Say whether the schedule may run on this date."""
        ...

    def following(self, day: date) -> date | None:
        """Return the first allowed date after `day`, None when there is none."""
        ...

    def reason(self, day: date) -> str:
        """Say in words why the date is allowed or not."""
        ...

    def warnings(self, today: date) -> list[str]:
        """Return what people should look after."""
        ...


@dataclass(frozen=True, slots=True)
class EveryDay:
    """No calendar: every date is allowed."""

    def allows(self, day: date) -> bool:
        return True

    def following(self, day: date) -> date | None:
        return day + _ONE_DAY

    def reason(self, day: date) -> str:
        return "no work calendar"

    def warnings(self, today: date) -> list[str]:
        return []


@dataclass(frozen=True, slots=True)
class ListedDays:
    """Only the listed dates (ascending) are allowed."""

    days: tuple[date, ...]

    def allows(self, day: date) -> bool:
        index = bisect_left(self.days, day)
        return index < len(self.days) and self.days[index] == day

    def following(self, day: date) -> date | None:
        index = bisect_right(self.days, day)
        return self.days[index] if index < len(self.days) else None

    def reason(self, day: date) -> str:
        return f"{day} is {'' if self.allows(day) else 'not '}in the list of allowed days"

    def warnings(self, today: date) -> list[str]:
        left = self.days[-1] >= today
        return [] if left else [f"the last allowed day was {self.days[-1]}: the schedule will not run again"]


@dataclass(frozen=True, slots=True)
class HolidayTable:
    """Days off and days worked out of turn, for the years that are covered."""

    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    years: frozenset[int] = frozenset()

    @classmethod
    def of(cls, holidays: Iterable[date], workdays: Iterable[date]) -> "HolidayTable":
        """Return the table of these dates; it covers every year that has one of them."""
        off, on = frozenset(holidays), frozenset(workdays)
        return cls(off, on, frozenset(day.year for day in off | on))

    def overlaid(self, nearer: "HolidayTable") -> "HolidayTable":
        """Return this table with the dates of `nearer` winning."""
        return HolidayTable(
            (self.holidays - nearer.workdays) | nearer.holidays,
            (self.workdays - nearer.holidays) | nearer.workdays,
            self.years | nearer.years,
        )


@dataclass(frozen=True, slots=True)
class ChineseDays:
    """Working days, or days off, by a holiday table; Monday to Friday where the table knows nothing."""

    table: HolidayTable
    off: bool = False

    def allows(self, day: date) -> bool:
        return self._works(day) != self.off

    def following(self, day: date) -> date | None:
        day += _ONE_DAY
        while not self.allows(day):
            day += _ONE_DAY
        return day

    def reason(self, day: date) -> str:
        kind = "a working day" if self._works(day) else "a day off"
        if day in self.table.holidays or day in self.table.workdays:
            return f"{day} is {kind} by the holiday table"
        known = "" if day.year in self.table.years else f" (there is no holiday table for {day.year})"
        return f"{day} is {kind} as a {day:%A}{known}"

    def warnings(self, today: date) -> list[str]:
        return [
            f"there is no holiday table for {year}: Monday to Friday count as working days; "
            f"update the package chinesecalendar or give the dates in calendar.holidays and calendar.workdays"
            for year in (today.year, today.year + 1)
            if year not in self.table.years
        ]

    def _works(self, day: date) -> bool:
        return day in self.table.workdays or (day.weekday() < _SATURDAY and day not in self.table.holidays)


class HolidaysMissing(ValueError):
    """The Chinese holiday table is not installed."""


@lru_cache(maxsize=1)
def chinese_table() -> HolidayTable:
    """Return the table of the package chinesecalendar (extra `holidays`); raises HolidaysMissing without it."""
    try:
        constants = importlib.import_module("chinese_calendar.constants")
    except ImportError:
        raise HolidaysMissing(
            "the Chinese holiday table is not installed: install fdl-trigger[holidays], "
            "or give the dates in holidays and workdays"
        ) from None
    table = HolidayTable.of(constants.holidays, constants.workdays)
    return HolidayTable(table.holidays, table.workdays, frozenset(day.year for day in table.holidays))
