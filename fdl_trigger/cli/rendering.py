"""Records as lines of text."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..domain.records import Counts, DirtyRow, Instance, LogLine

SHOWN_DIRTY_ROWS = 5


def moment(at_ms: int | None) -> str:
    """Return a time in the system's zone, to the second."""
    return "-" if at_ms is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at_ms / 1000))


def duration(instance: "Instance", now_ms: int | None = None) -> str:
    """Return how long the instance has run."""
    end_ms = instance.finished_at or now_ms
    if instance.started_at is None or end_ms is None:
        return "-"
    return f"{(end_ms - instance.started_at) / 1000:.1f} s"


def counts(value: "Counts") -> str:
    """Return pages and rows in one line."""
    words = {
        "pages": value.pages,
        "rows read": value.read,
        "inserted": value.inserted,
        "updated": value.updated,
        "deleted": value.deleted,
        "skipped": value.skipped,
        "dirty": value.dirty,
    }
    always = ("pages", "rows read", "inserted", "updated", "dirty")
    return ", ".join(f"{number:,} {word}" for word, number in words.items() if number or word in always)


def status(instance: "Instance") -> str:
    """Return the state a caller sees, with its reason."""
    state = instance.apparent_state.value
    return f"{state} ({instance.reason})" if instance.reason else state


def record(instance: "Instance", dirty_rows: Sequence["DirtyRow"]) -> Iterator[str]:
    """Yield the lines of an instance's record."""
    yield f"task      {instance.task_name} ({instance.task_uid}), version {instance.version}"
    yield f"instance  {instance.uid}"
    yield f"status    {status(instance)}"
    if instance.message:
        yield f"message   {instance.message}"
    yield f"trigger   {instance.trigger} by {instance.trigger_by}"
    yield f"created   {moment(instance.created_at)}"
    yield f"started   {moment(instance.started_at)}"
    yield f"finished  {moment(instance.finished_at)}"
    yield f"duration  {duration(instance)}"
    yield f"rows      {counts(instance.counts)}"
    for line in _dirty(dirty_rows):
        yield f"dirty     {line}"


def _dirty(rows: Sequence["DirtyRow"]) -> Iterator[str]:
    for (kind, reason), number in Counter((row.kind, row.reason) for row in rows).most_common(SHOWN_DIRTY_ROWS):
        example = next(row.row for row in rows if (row.kind, row.reason) == (kind, reason))
        yield f"{number:,} x {kind}: {reason}; such as {example[:200]}"


def log_lines(lines: Iterable["LogLine"]) -> Iterator[str]:
    """Yield the lines of a run log in the documented form (finedatalink-tasks.md section 13)."""
    for line in lines:
        yield f"{moment(line.at)} {line.node} [{line.level}] {line.text}"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield the lines of a plain table with aligned columns."""
    cells = [list(heads), *([str(cell) for cell in row] for row in rows)]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(heads))]
    for row in cells:
        padded = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(padded).rstrip()


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
