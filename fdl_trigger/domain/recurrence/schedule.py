"""A schedule: a rule in a time zone with a start, an end and a work calendar; asks and answers about its fires."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from itertools import islice, takewhile
from typing import Any

from .rules import Due, Rule
from .work_days import EveryDay, WorkDays
from .zones import WallClock

_EVERY_DAY = EveryDay()


class PlanType(StrEnum):
    """The kinds of plan (finedatalink-tasks.md section 10, roma-scheduled-calls.md section 2)."""

    ONCE = "ONCE"
    SIMPLE = "SIMPLE"
    DETAIL = "DETAIL"
    CRON = "CRON"
    CALENDAR = "CALENDAR"


class Misfire(StrEnum):
    """What becomes of fires that were missed while the service was down."""

    SKIP = "SKIP"
    FIRE_ONCE = "FIRE_ONCE"
    FIRE_ALL = "FIRE_ALL"


class Cause(StrEnum):
    """Why a wall time fires when it does, or does not."""

    ON_TIME = "ON_TIME"
    SKIPPED_TIME = "SKIPPED_TIME"
    REPEATED_TIME = "REPEATED_TIME"
    MERGED = "MERGED"
    CALENDAR = "CALENDAR"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One wall time of a schedule and what becomes of it: the moment it comes to, whether it fires then, and why."""

    at_ms: int
    wall: datetime
    fires: bool
    cause: Cause
    text: str


@dataclass(frozen=True)
class Schedule:
    """When a task runs. Moments are UTC epoch milliseconds; `start_ms` and `end_ms` are inclusive.

    `runs` is the number of fires counted from the start, None for no limit. `steps_from_start` marks rules whose first
    fire is the start itself. `document` is the checked document the schedule was read from.
    """

    name: str
    type: PlanType
    rule: Rule
    clock: WallClock
    enabled: bool = True
    start_ms: int | None = None
    end_ms: int | None = None
    runs: int | None = None
    days: WorkDays = _EVERY_DAY
    misfire: Misfire = Misfire.SKIP
    misfire_limit: int = 100
    steps_from_start: bool = False
    document: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def fires_after(self, moment_ms: int) -> Iterator[int]:
        """Yield every fire after a moment, each once, in order. `enabled` is not looked at."""
        last = self.last_ms
        return takewhile(lambda fire: last is None or fire <= last, self._unlimited(moment_ms))

    def next_fire(self, after_ms: int) -> int | None:
        """Return the first fire after a moment, None when there is none."""
        return next(self.fires_after(after_ms), None)

    def preview(self, after_ms: int, n: int = 100) -> list[int]:
        """Return the next `n` fires after a moment."""
        return list(islice(self.fires_after(after_ms), n))

    def occurrences(self, after_ms: int, until_ms: int) -> Iterator[Occurrence]:
        """Yield every wall time due after one moment and up to another, also those that do not fire, with the cause."""
        last = until_ms if self.last_ms is None else min(until_ms, self.last_ms)
        previous: int | None = None
        for due in takewhile(lambda due: due.at_ms <= last, self._dues(after_ms, _EVERY_DAY)):
            occurrence = self._explained(due, previous)
            previous = due.at_ms if occurrence.fires else previous
            yield occurrence

    def explain(self, moment_ms: int) -> str:
        """Say why the schedule fires at a moment, or why it does not."""
        if self.start_ms is not None and moment_ms < self.start_ms:
            return "the schedule has not started yet"
        if self.last_ms is not None and moment_ms > self.last_ms:
            return "the schedule has ended"
        found = list(self.occurrences(moment_ms - 1, moment_ms))
        told = [occurrence for occurrence in found if occurrence.fires] or found
        return told[0].text if told else self._not_due(moment_ms)

    def warnings(self, now_ms: int) -> list[str]:
        """Return what people should look after, such as a missing holiday table of the next year."""
        return self.days.warnings(self.clock.shows(now_ms).date())

    @cached_property
    def last_ms(self) -> int | None:
        """The moment after which nothing fires: the end, or the last of `runs`; None for never."""
        if self.runs is None:
            return self.end_ms
        counted = list(islice(self._unlimited(0), self.runs))
        ends = [*counted[self.runs - 1 :], *([self.end_ms] if self.end_ms is not None else [])]
        return min(ends, default=None)

    def _unlimited(self, after_ms: int) -> Iterator[int]:
        previous: int | None = None
        for due in self._dues(after_ms, self.days):
            if due.at_ms != previous:
                yield due.at_ms
            previous = due.at_ms

    def _dues(self, after_ms: int, days: WorkDays) -> Iterator[Due]:
        after_ms = max(after_ms, 0, (self.start_ms or 0) - 1)
        if self.steps_from_start and self.start_ms is not None and after_ms < self.start_ms:
            first = Due(self.start_ms, self.clock.shows(self.start_ms))
            if days.allows(first.wall.date()):
                yield first
            after_ms = self.start_ms
        yield from self.rule.dues(after_ms, self.clock, days)

    def _explained(self, due: Due, previous: int | None) -> Occurrence:
        wall, zone = due.wall, self.clock.zone.key
        shown = self.clock.shows(due.at_ms)
        if not self.days.allows(wall.date()):
            return Occurrence(due.at_ms, wall, False, Cause.CALENDAR, f"does not fire: {self.days.reason(wall.date())}")
        if due.at_ms == previous:
            text = f"{wall} does not exist in {zone}; it fires together with others at {shown}"
            return Occurrence(due.at_ms, wall, False, Cause.MERGED, text)
        if shown != wall:
            text = f"{wall} does not exist in {zone}: the clock jumps over it, so it fires once at {shown}"
            return Occurrence(due.at_ms, wall, True, Cause.SKIPPED_TIME, text)
        if self.clock.repeats(wall) and self.clock.moment(wall) == due.at_ms:
            text = f"{zone} shows {wall} twice; it fires the first time only"
            return Occurrence(due.at_ms, wall, True, Cause.REPEATED_TIME, text)
        return Occurrence(due.at_ms, wall, True, Cause.ON_TIME, f"due at {wall} in {zone}")

    def _not_due(self, moment_ms: int) -> str:
        shown, zone = self.clock.shows(moment_ms), self.clock.zone.key
        if self.clock.has_shown(moment_ms) != shown:
            return f"{zone} shows {shown} for the second time; a repeated time fires the first time only"
        return f"{shown} in {zone} is not a time of this schedule"
