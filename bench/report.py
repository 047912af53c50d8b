"""The table: one row a figure, ours and what it is measured against, with their ratio."""

import os
import platform
import sqlite3
from dataclasses import dataclass, field
from importlib.metadata import version


@dataclass(frozen=True, slots=True)
class Row:
    """One figure; the ratio is ours to the baseline's."""

    what: str
    ours: str
    baseline: str
    ratio: float


@dataclass(slots=True)
class Report:
    """The rows, in the order they were measured."""

    rows: list[Row] = field(default_factory=list)

    def add(
        self, what: str, ours: float, baseline: float, unit: str = "", note: str = "", ratio: float | None = None
    ) -> None:
        """Add a figure, its baseline and what the baseline is; `ratio` where it is not simply that of the two."""
        told = f"{number(baseline, unit)} ({note})"
        self.rows.append(Row(what, number(ours, unit), told, ours / baseline if ratio is None else ratio))

    def markdown(self) -> str:
        """Return the table in Markdown."""
        lines = ["| what | fdl-trigger | beside it, in the same run | ratio |", "|---|---:|---:|---:|"]
        for row in self.rows:
            lines.append(f"| {row.what} | {row.ours} | {row.baseline} | {row.ratio:.2f} |")
        return "\n".join(lines)


def number(value: float, unit: str = "") -> str:
    """Return a number with three figures that matter, and its unit."""
    text = f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    return f"{text} {unit}".rstrip()


def machine() -> str:
    """Return one line that says where the figures come from."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("flask", "waitress"))
    return (
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {packages}, "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores shared by server and load generator"
    )
