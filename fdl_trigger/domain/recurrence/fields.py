"""One field of a cron expression: the numbers it takes and how a term such as `5-20/3` is read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

FIRST_YEAR, LAST_YEAR = 1970, 2099

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_TERM = re.compile(r"(?:(?P<all>\*)|(?P<first>\w+)(?:-(?P<last>\w+))?)?(?:/(?P<step>[0-9]+))?", re.ASCII)


class FieldError(ValueError):
    """A term does not fit its field; the message names the field and what it takes."""


@dataclass(frozen=True, slots=True)
class Field:
    """The numbers `low` to `high` of a cron field, its names, and the numbers after which a range starts over.

    `cycle` is None where a range may not run past the end (years); `extras` tells people of special forms.
    """

    name: str
    low: int
    high: int
    cycle: int | None
    names: Mapping[str, int] = field(default_factory=dict)
    extras: str = ""

    @property
    def top(self) -> int:
        """The last number of one round: `high`, except that the Unix week has two numbers for Sunday."""
        return self.high if self.cycle is None else self.low + self.cycle - 1

    def refuse(self, text: str) -> FieldError:
        """Return the error for a text this field does not take."""
        names = list(self.names)
        words = f" or {names[0]}-{names[-1]}" if names else ""
        takes = f"{self.low}-{self.high}{words}, '*', lists (a,b), ranges (a-b), steps (a/n)"
        return FieldError(f"{self.name}: '{text}' is not accepted; it takes {takes}{self.extras}")

    def number(self, text: str) -> int:
        """Read one number or name; raises FieldError."""
        known = self.names.get(text.upper())
        if known is not None:
            return known
        if not re.fullmatch(r"[0-9]{1,4}", text) or not self.low <= int(text) <= self.high:
            raise self.refuse(text)
        return int(text)

    def numbers(self, text: str) -> range | list[int]:
        """Read one term: `*`, `a`, `a-b`, each with an optional step `/n`; `a/n` runs to the end of the field.

        A range whose end comes before its start goes round (`22-2`), as in Quartz, except for years.
        """
        match = _TERM.fullmatch(text)
        if not match or not text:
            raise self.refuse(text)
        step = self._step(match["step"], text)
        if match["first"] is None:
            return range(self.low, self.top + 1, step)
        first = self.number(match["first"])
        if match["last"] is not None:
            return self._round(first, self.number(match["last"]), step, text)
        return range(first, max(first, self.top) + 1, step) if match["step"] else [first]

    def _step(self, text: str | None, term: str) -> int:
        longest = min(self.high, 59) if self.cycle else self.high - self.low
        if text is not None and not 1 <= int(text[:9]) <= longest:
            raise FieldError(f"{self.name}: the step of '{term}' is not accepted; it takes 1-{longest}")
        return int(text) if text else 1

    def _round(self, first: int, last: int, step: int, term: str) -> range | list[int]:
        if last >= first:
            return range(first, last + 1, step)
        if self.cycle is None:
            raise FieldError(f"{self.name}: the range '{term}' ends before it starts")
        return [(n - self.low) % self.cycle + self.low for n in range(first, last + self.cycle + 1, step)]


def _numbered(names: tuple[str, ...], first: int) -> dict[str, int]:
    return {name: number for number, name in enumerate(names, first)}


_WEEK_FORMS = ", '?', L (last day of the week), nL (last of the month), n#k (k-th of the month, k 1-5)"

SECOND = Field("second", 0, 59, 60)
MINUTE = Field("minute", 0, 59, 60)
HOUR = Field("hour", 0, 23, 24)
DAY = Field("day", 1, 31, 31, extras=", '?', L, L-n, nW, LW, L-nW (last day, nearest weekday)")
MONTH = Field("month", 1, 12, 12, _numbered(_MONTHS, 1))
QUARTZ_WEEKDAY = Field("weekday", 1, 7, 7, _numbered(_WEEKDAYS, 1), f"{_WEEK_FORMS}; 1 is Sunday")
UNIX_WEEKDAY = Field("weekday", 0, 7, 7, _numbered(_WEEKDAYS, 0), f"{_WEEK_FORMS}; 0 and 7 are Sunday")
YEAR = Field("year", FIRST_YEAR, LAST_YEAR, None)
