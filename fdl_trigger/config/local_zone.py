"""The time zone of the machine, by its IANA name."""

import os
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_LINK = Path("/etc/localtime")


def local_zone() -> str:
    """Return the zone that TZ or the system names; UTC when neither tells."""
    for name in (os.environ.get("TZ", "").lstrip(":"), _linked()):
        try:
            if name:
                return ZoneInfo(name).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return "UTC"


def _linked() -> str:
    return str(_LINK.resolve()).partition("zoneinfo/")[2] if _LINK.is_symlink() else ""
