"""Time texts: all of them in UTC, whatever the zone of the service (enos-flows.md section 5)."""

from datetime import UTC, datetime

ZONE = "GMT+0"


def time_text(moment_ms: int | None) -> str | None:
    """Return `YYYY-MM-DD HH:MM:SS` of UTC epoch milliseconds; None for what has not happened."""
    if moment_ms is None:
        return None
    return datetime.fromtimestamp(moment_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def stamp_text(moment_ms: int) -> str:
    """Return the same with `.0` behind it, as `timestamp` is written."""
    return f"{time_text(moment_ms)}.0"
