"""Schedules as lines of text."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..domain.firing import Simulated
    from ..domain.schedule_records import Fire, ScheduleRecord


def table_lines(records: Iterable["ScheduleRecord"]) -> Iterator[str]:
    """Yield one line a schedule."""
    from .rendering import moment, table

    rows = (
        (
            f"{one.task_name}/{one.name}",
            one.document.get("type", "?"),
            one.document.get("timeZone") or one.zone,
            _state(one),
            moment(one.next_fire_at),
            moment(one.last_fire_at),
        )
        for one in records
    )
    return table(("SCHEDULE", "TYPE", "ZONE", "STATE", "NEXT", "LAST"), rows)


def _state(one: "ScheduleRecord") -> str:
    if one.held_by is not None:
        return "paused"
    if not one.document.get("enabled", True):
        return "disabled"
    return "waits" if one.next_fire_at is not None or one.document.get("type") == "EVENT" else "ended"


def record_lines(one: "ScheduleRecord") -> Iterator[str]:
    """Yield the lines of one schedule."""
    import json

    from .rendering import moment

    yield f"schedule  {one.task_name}/{one.name}"
    yield f"id        {one.uid}"
    yield f"state     {_state(one)}" + (f" ({one.held_by})" if one.held_by else "")
    yield f"zone      {one.document.get('timeZone') or one.zone}"
    yield f"next      {moment(one.next_fire_at)}"
    yield f"last      {moment(one.last_fire_at)}"
    yield f"document  {json.dumps(dict(one.document), ensure_ascii=False)}"


def fire_lines(fires: Iterable["Fire"]) -> Iterator[str]:
    """Yield what became of fires, one line each."""
    from .rendering import moment

    for one in fires:
        if one.cause is None:
            yield f"fire      {moment(one.fire_at)}  ran as {one.instance_uid}"
        else:
            until = f" to {moment(one.last_at)}, {one.count:,} fires" if one.count > 1 else ""
            yield f"fire      {moment(one.fire_at)}{until}  {one.cause}: {one.reason}"


def simulated_lines(found: Iterable["Simulated"], shown: Callable[[int], str]) -> Iterator[str]:
    """Yield what becomes of each wall time, one line each; `shown` writes a moment."""
    for one in found:
        what = "does not run" if one.runs_at_ms is None else f"runs at {shown(one.runs_at_ms)}"
        yield f"{shown(one.occurrence.at_ms)}  {what}: {one.text.removeprefix('does not run: ')}"
