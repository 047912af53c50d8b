"""Times on this wire (finedatalink-open-platform.md section 4).

Read: `yyyy-MM-dd HH:mm:ss`, `yyyy-MM-dd`, ISO 8601, and an epoch of 13 digits (milliseconds) or 10 (seconds), as text
or number. Written: epoch milliseconds.
"""

import re
from datetime import datetime, timedelta, tzinfo
from typing import Any

_EPOCH = re.compile(r"\d{10}(\d{3})?", re.ASCII)
_HELP = "is not a time; write yyyy-MM-dd HH:mm:ss, yyyy-MM-dd, ISO 8601 or an epoch of 13 or 10 digits"


def read_time(value: Any, zone: tzinfo | None, *, upper: bool = False) -> int:
    """Return UTC epoch milliseconds; raises ValueError with a reason that fits behind the value.

    A time without an offset counts in `zone` (None: the system's). `upper` asks for the last millisecond of the day
    or second that was written, so that an upper limit includes it.
    """
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if _EPOCH.fullmatch(text):
        return _from_epoch(text, upper)
    try:
        moment = datetime.fromisoformat(text)
        if upper:
            moment = _last_of(text, moment)
        return round(_in_zone(moment, zone).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise ValueError(_HELP) from None


def _from_epoch(text: str, upper: bool) -> int:
    if len(text) == 13:
        return int(text)
    return int(text) * 1000 + (999 if upper else 0)


def _last_of(text: str, moment: datetime) -> datetime:
    if len(text) <= len("yyyy-MM-dd"):
        return moment + timedelta(days=1, milliseconds=-1)
    return moment.replace(microsecond=999_000) if moment.microsecond == 0 else moment


def _in_zone(moment: datetime, zone: tzinfo | None) -> datetime:
    if moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=zone) if zone else moment.astimezone()
