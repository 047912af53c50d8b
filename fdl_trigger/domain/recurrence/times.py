"""Times of a day, in whole seconds since midnight on the wall."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

DAY_S = 86_400


class Times(Protocol):
    """Times of a day in ascending order."""

    def following(self, second: int) -> int | None:
        """Return the first time at or after `second` of the day, None when the day has no more."""
        ...

    def smallest_gap(self) -> int:
        """Return the shortest time between two neighbours in seconds, midnight included."""
        ...


@dataclass(frozen=True, slots=True)
class EveryCombination:
    """Every combination of some hours, minutes and seconds (each ascending, none empty): the times of a cron text."""

    hours: tuple[int, ...]
    minutes: tuple[int, ...]
    seconds: tuple[int, ...]

    def following(self, second: int) -> int | None:
        minute, second = divmod(second, 60)
        hour, minute = divmod(minute, 60)
        return next(self._candidates(hour, minute, second), None)

    def _candidates(self, hour: int, minute: int, second: int) -> Iterator[int]:
        if _has(self.hours, hour):
            if _has(self.minutes, minute) and second <= self.seconds[-1]:
                yield hour * 3600 + minute * 60 + _at_or_after(self.seconds, second)
            if minute < self.minutes[-1]:
                yield hour * 3600 + _at_or_after(self.minutes, minute + 1) * 60 + self.seconds[0]
        if hour < self.hours[-1]:
            yield _at_or_after(self.hours, hour + 1) * 3600 + self.minutes[0] * 60 + self.seconds[0]

    def smallest_gap(self) -> int:
        gap, span = DAY_S, 0
        for values, unit in ((self.seconds, 1), (self.minutes, 60), (self.hours, 3600), ((0, 1), DAY_S)):
            gap = min([gap, *((later - earlier) * unit - span for earlier, later in pairwise(values))])
            span += (values[-1] - values[0]) * unit
        return gap


@dataclass(frozen=True, slots=True)
class Listed:
    """Times given one by one, ascending, as seconds since midnight: the times of a detailed plan."""

    seconds: tuple[int, ...]

    def following(self, second: int) -> int | None:
        return _at_or_after(self.seconds, second) if second <= self.seconds[-1] else None

    def smallest_gap(self) -> int:
        round_the_clock = (*self.seconds, self.seconds[0] + DAY_S)
        return min(later - earlier for earlier, later in pairwise(round_the_clock))


def _at_or_after(values: tuple[int, ...], value: int) -> int:
    return values[bisect_left(values, value)]


def _has(values: tuple[int, ...], value: int) -> bool:
    return value <= values[-1] and _at_or_after(values, value) == value
