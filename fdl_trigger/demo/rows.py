"""What the demo report shows: the rows the task has written, read from the target database."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

TABLE = "earthquakes"
STEP_MS = 6 * 3600 * 1000
NOTICEABLE = 4
_COLUMNS = ("time", "mag", "place", "type", "felt", "status")


class Earthquakes:
    """Reads the target table; before the first run there is none, which reads as no rows."""

    def __init__(self, database: Path) -> None:
        self._database = database

    def rows(self, page: int, size: int) -> dict[str, Any]:
        """Return page `page` (from 1) of the rows, newest first; a page beyond the end is the last one."""
        with self._reading() as connection:
            total = _total(connection)
            pages = max(1, -(-total // size))
            page = min(page, pages)
            found = _select(
                connection,
                f"SELECT {', '.join(_COLUMNS)} FROM {TABLE} ORDER BY time DESC LIMIT ? OFFSET ?",
                (size, (page - 1) * size),
            )
        rows = [dict(zip(_COLUMNS, row, strict=True)) for row in found]
        return {"total": total, "page": page, "pages": pages, "rows": rows}

    def chart(self) -> dict[str, Any]:
        """Return the number of events and the strongest one for each six hours (times in epoch seconds), and facts."""
        with self._reading() as connection:
            steps = _select(
                connection,
                f"SELECT time / {STEP_MS} * {STEP_MS} / 1000, count(*), max(mag) FROM {TABLE} GROUP BY 1 ORDER BY 1",
            )
            facts = _facts(connection)
        times, counts, strongest = zip(*steps, strict=True) if steps else ((), (), ())
        return {"times": times, "counts": counts, "strongest": strongest, "facts": facts}

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if not self._database.exists():
            with closing(sqlite3.connect(":memory:")) as nothing:
                yield nothing
            return
        with closing(sqlite3.connect(f"{self._database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            yield connection


def _select(connection: sqlite3.Connection, sql: str, values: tuple[int, ...] = ()) -> list[tuple[Any, ...]]:
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (TABLE,))
    return connection.execute(sql, values).fetchall() if known.fetchone() else []


def _total(connection: sqlite3.Connection) -> int:
    counted = _select(connection, f"SELECT count(*) FROM {TABLE}")
    return int(counted[0][0]) if counted else 0


def _facts(connection: sqlite3.Connection) -> dict[str, Any] | None:
    sums = _select(
        connection,
        f"SELECT count(*), min(time), max(time), sum(mag >= {NOTICEABLE}), sum(felt > 0), sum(felt) FROM {TABLE}",
    )
    if not sums or not sums[0][0]:
        return None
    total, first, last, noticeable, felt, reports = (number or 0 for number in sums[0])
    mag, place = _select(connection, f"SELECT mag, place FROM {TABLE} ORDER BY mag DESC, time LIMIT 1")[0]
    return {
        "total": total,
        "first": first,
        "last": last,
        "noticeable": noticeable,
        "felt": felt,
        "reports": reports,
        "strongest": {"mag": mag, "place": place},
    }
