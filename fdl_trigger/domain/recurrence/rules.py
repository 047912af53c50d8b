"""Rules that say when something is due: days and times on the wall, steps from a base, one moment."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, Protocol

from .days import Days, month_length
from .fields import LAST_YEAR
from .times import Times
from .work_days import WorkDays
from .zones import SECOND, WallClock

_ONE_DAY = timedelta(days=1)
_END = datetime(LAST_YEAR + 1, 1, 1)


class Due(NamedTuple):
    """A wall time of a rule and the moment (epoch milliseconds) it comes to."""

    at_ms: int
    wall: datetime


class Rule(Protocol):
    """When something is due."""

    def dues(self, after_ms: int, clock: WallClock, days: WorkDays) -> Iterator[Due]:
        """Yield what is due after a moment on these days, in order; times skipped together share a moment."""
        ...

    def smallest_gap(self) -> int | None:
        """Return the shortest time between two dues in seconds, None when there is only one."""
        ...


class WallRule(ABC):
    """A rule of wall times: the zone decides what moment they come to."""

    @abstractmethod
    def next_wall(self, wall: datetime) -> datetime | None:
        """Return the first wall time of the rule after `wall`, None when there is none."""

    def dues(self, after_ms: int, clock: WallClock, days: WorkDays) -> Iterator[Due]:
        wall = self.next_wall(clock.has_shown(after_ms))
        while wall is not None and wall < _END:
            if days.allows(wall.date()):
                yield Due(clock.moment(wall), wall)
            else:
                allowed = days.following(wall.date())
                if allowed is None:
                    return
                wall = datetime.combine(allowed, time()) - SECOND
            wall = self.next_wall(wall)


@dataclass(frozen=True, slots=True)
class OnDays(WallRule):
    """Some times on some days: cron expressions and detailed plans."""

    days: Days
    times: Times

    def next_wall(self, wall: datetime) -> datetime | None:
        wall += SECOND
        day = self.days.following(wall.date())
        if day is None:
            return None
        second = wall.hour * 3600 + wall.minute * 60 + wall.second if day == wall.date() else 0
        found = self.times.following(second)
        if found is None:
            day = self.days.following(day + _ONE_DAY)
            found = self.times.following(0)
        return None if day is None or found is None else _at(day, found)

    def smallest_gap(self) -> int | None:
        return self.times.smallest_gap()


@dataclass(frozen=True, slots=True)
class EveryDays(WallRule):
    """Every `step` days (a week is seven) at the wall time of the base."""

    base: datetime
    step: int

    def next_wall(self, wall: datetime) -> datetime | None:
        steps = max((wall - self.base) // timedelta(days=self.step) + 1, 0)
        return self.base + timedelta(days=self.step * steps)

    def smallest_gap(self) -> int | None:
        return self.step * 86_400


@dataclass(frozen=True, slots=True)
class EveryMonths(WallRule):
    """Every `step` months on the day of the base, or on the last day of a shorter month (roma-scheduled-calls.md 3)."""

    base: datetime
    step: int

    def next_wall(self, wall: datetime) -> datetime | None:
        months = (wall.year - self.base.year) * 12 + wall.month - self.base.month
        steps = max(months // self.step, 0)
        found = self._after(steps)
        return found if found > wall else self._after(steps + 1)

    def _after(self, steps: int) -> datetime:
        year, month = divmod(self.base.year * 12 + self.base.month - 1 + steps * self.step, 12)
        return self.base.replace(year=year, month=month + 1, day=min(self.base.day, month_length(year, month + 1)))

    def smallest_gap(self) -> int | None:
        return self.step * 28 * 86_400


@dataclass(frozen=True, slots=True)
class EveryElapsed:
    """Every so many seconds of elapsed time from a base: minutes and hours, which no change of the clock touches."""

    base_ms: int
    step_s: int

    def dues(self, after_ms: int, clock: WallClock, days: WorkDays) -> Iterator[Due]:
        moment = self._following(after_ms)
        while moment < clock.moment(_END):
            wall = clock.shows(moment)
            if days.allows(wall.date()):
                yield Due(moment, wall)
                moment += self.step_s * 1000
            else:
                allowed = days.following(wall.date())
                if allowed is None:
                    return
                begins = clock.moment(datetime.combine(allowed, time()))
                moment = max(self._following(begins - 1), moment + self.step_s * 1000)

    def _following(self, after_ms: int) -> int:
        step_ms = self.step_s * 1000
        return self.base_ms + max((after_ms - self.base_ms) // step_ms + 1, 0) * step_ms

    def smallest_gap(self) -> int | None:
        return self.step_s


@dataclass(frozen=True, slots=True)
class Once:
    """One moment."""

    at_ms: int

    def dues(self, after_ms: int, clock: WallClock, days: WorkDays) -> Iterator[Due]:
        wall = clock.shows(self.at_ms)
        if after_ms < self.at_ms and days.allows(wall.date()):
            yield Due(self.at_ms, wall)

    def smallest_gap(self) -> int | None:
        return None


def _at(day: date, second: int) -> datetime:
    minute, second = divmod(second, 60)
    return datetime(day.year, day.month, day.day, minute // 60, minute % 60, second)
