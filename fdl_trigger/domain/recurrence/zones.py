"""The wall clock of a time zone, and what becomes of times it skips or shows twice.

One rule covers both: a wall time is due at the first moment when the clock shows it or a later time. A skipped time is
therefore due when the clock has jumped over it, a repeated time the first time round only.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_EPOCH = datetime(1970, 1, 1)
SECOND = timedelta(seconds=1)


class UnknownZone(ValueError):
    """The time zone is not in the IANA database."""


def zone_named(name: str) -> ZoneInfo:
    """Return the zone with this IANA name; raises UnknownZone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownZone(f"'{name}' is not a time zone; it takes an IANA name such as Asia/Shanghai or UTC") from None


@dataclass(frozen=True, slots=True)
class WallClock:
    """The clock on the wall in one zone. Moments are epoch milliseconds, wall times are naive, to the second."""

    zone: ZoneInfo

    def shows(self, moment_ms: int) -> datetime:
        """Return what the clock shows at a moment, the fraction of the second dropped."""
        return datetime.fromtimestamp(moment_ms // 1000, self.zone).replace(tzinfo=None)

    def has_shown(self, moment_ms: int) -> datetime:
        """Return the latest wall time shown up to a moment: ahead of the clock while it goes through an hour again."""
        second = moment_ms // 1000
        shown = datetime.fromtimestamp(second, self.zone)
        if not shown.fold:
            return shown.replace(tzinfo=None)
        again = _offset(shown.replace(fold=0)) - _offset(shown)
        turned_back = self._change(second - again, second)
        return self.shows((turned_back - 1) * 1000)

    def moment(self, wall: datetime) -> int:
        """Return the first moment when the clock shows `wall` or a later time."""
        before, after = self._offsets(wall)
        naive = _seconds(wall)
        if before >= after:
            return (naive - before) * 1000
        return self._change(naive - after, naive - before) * 1000

    def repeats(self, wall: datetime) -> bool:
        """Say whether the clock shows this wall time twice."""
        before, after = self._offsets(wall)
        return before > after

    def _offsets(self, wall: datetime) -> tuple[int, int]:
        aware = wall.replace(tzinfo=self.zone)
        return _offset(aware), _offset(aware.replace(fold=1))

    def _change(self, before: int, after: int) -> int:
        """Return the first second with the offset of `after`; `before` still has the one before the change."""
        new = self._offset_at(after)
        while after - before > 1:
            middle = (before + after) // 2
            if self._offset_at(middle) == new:
                after = middle
            else:
                before = middle
        return after

    def _offset_at(self, second: int) -> int:
        return _offset(datetime.fromtimestamp(second, self.zone))


def _offset(aware: datetime) -> int:
    offset = aware.utcoffset() or timedelta()
    return offset.days * 86_400 + offset.seconds


def _seconds(wall: datetime) -> int:
    since = wall - _EPOCH
    return since.days * 86_400 + since.seconds
