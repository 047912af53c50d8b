"""From sending a trigger to the first line of its node, at an easy pace."""

import time
from pathlib import Path

from .load import Connection, percentile

TRIGGERS_PER_SECOND = 10
SENT = b"SENT_NANOSECONDS_00"  # as long as the number that takes its place


def trigger_ages_ms(port: int, request: bytes, ages: Path, seconds: float) -> tuple[float, float]:
    """Send `request` ten times a second, the time written where SENT stands; return p50 and p99 in milliseconds."""
    ages.unlink(missing_ok=True)
    count = round(seconds * TRIGGERS_PER_SECOND)
    started = time.perf_counter()
    with Connection(port) as connection:
        for number in range(count):
            time.sleep(max(0.0, started + number / TRIGGERS_PER_SECOND - time.perf_counter()))
            connection.exchange(request.replace(SENT, str(time.time_ns()).encode()))
    values = _read(ages, count)
    return percentile(values, 50), percentile(values, 99)


def _read(ages: Path, count: int) -> list[float]:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        lines = ages.read_text().splitlines() if ages.exists() else []
        if len(lines) >= count:
            return [int(line) / 1e6 for line in lines]
        time.sleep(0.05)
    raise TimeoutError(f"only {len(lines)} of {count} triggered runs have started")
