"""What a run leaves behind besides its state: node runs, the run log, dirty rows."""

import json
import sqlite3
from dataclasses import dataclass

from ..domain.records import Counts, DirtyRow, Event, LogLine, NodeRun
from ..domain.states import Reason, State
from .database import StoreDatabase

_NODE_RUN = """
INSERT INTO node_run (instance_id, node_id, name, state, attempt, started_at, finished_at, pages, rows_read,
                      rows_inserted, rows_updated, rows_deleted, rows_skipped, rows_dirty, error, outputs)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (instance_id, node_id) DO UPDATE SET
    state = excluded.state, attempt = excluded.attempt, started_at = excluded.started_at,
    finished_at = excluded.finished_at, pages = excluded.pages, rows_read = excluded.rows_read,
    rows_inserted = excluded.rows_inserted, rows_updated = excluded.rows_updated,
    rows_deleted = excluded.rows_deleted, rows_skipped = excluded.rows_skipped,
    rows_dirty = excluded.rows_dirty, error = excluded.error, outputs = excluded.outputs
"""
_LOG = "INSERT INTO run_log (instance_id, seq, at, node, level, text) VALUES (?, ?, ?, ?, ?, ?)"
_DIRTY = "INSERT INTO dirty_row (instance_id, node_id, kind, reason, row, at) VALUES (?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class JournalEntries:
    """Entries that have not been written yet."""

    node_runs: tuple[NodeRun, ...] = ()
    log: tuple[LogLine, ...] = ()
    dirty: tuple[DirtyRow, ...] = ()


NO_ENTRIES = JournalEntries()


def write_entries(connection: sqlite3.Connection, instance_id: int, entries: JournalEntries) -> None:
    """Write entries inside the current transaction."""
    if entries.node_runs:
        connection.executemany(_NODE_RUN, [_node_run_row(instance_id, run) for run in entries.node_runs])
    if entries.log:
        rows = [(instance_id, line.seq, line.at, line.node, line.level, line.text) for line in entries.log]
        connection.executemany(_LOG, rows)
    if entries.dirty:
        dirty = [(instance_id, row.node_id, row.kind, row.reason, row.row, row.at) for row in entries.dirty]
        connection.executemany(_DIRTY, dirty)


def _node_run_row(instance_id: int, run: NodeRun) -> tuple[object, ...]:
    counts = run.counts
    return (
        instance_id,
        run.node_id,
        run.name,
        run.state,
        run.attempt,
        run.started_at,
        run.finished_at,
        counts.pages,
        counts.read,
        counts.inserted,
        counts.updated,
        counts.deleted,
        counts.skipped,
        counts.dirty,
        run.error,
        None if run.outputs is None else json.dumps(run.outputs, ensure_ascii=False, default=str),
    )


class JournalStore:
    """Reads what runs left behind."""

    def __init__(self, database: StoreDatabase) -> None:
        self._database = database

    def node_runs(self, instance_id: int) -> list[NodeRun]:
        """Return the node runs of an instance, in the order they started."""
        rows = self._database.read(
            "SELECT node_id, name, state, attempt, started_at, finished_at, pages, rows_read, rows_inserted, "
            "rows_updated, rows_deleted, rows_skipped, rows_dirty, error, outputs FROM node_run WHERE instance_id = ? "
            "ORDER BY started_at IS NULL, started_at, node_id",
            (instance_id,),
        )
        return [
            NodeRun(
                node_id=row[0],
                name=row[1],
                state=State(row[2]),
                attempt=row[3],
                started_at=row[4],
                finished_at=row[5],
                counts=Counts(*row[6:13]),
                error=row[13],
                outputs=json.loads(row[14]) if row[14] else None,
            )
            for row in rows
        ]

    def log(self, instance_id: int, after: int = 0, limit: int = 10_000) -> list[LogLine]:
        """Return log lines with a number above `after`, oldest first."""
        rows = self._database.read(
            "SELECT seq, at, node, level, text FROM run_log WHERE instance_id = ? AND seq > ? ORDER BY seq LIMIT ?",
            (instance_id, after, limit),
        )
        return [LogLine(*row) for row in rows]

    def last_seq(self, instance_id: int) -> int:
        """Return the number of the last log line, 0 when there is none."""
        rows = self._database.read("SELECT coalesce(max(seq), 0) FROM run_log WHERE instance_id = ?", (instance_id,))
        return int(rows[0][0])

    def position(self, instance_id: int) -> tuple[int, int]:
        """Return the number of the last log line and how many transitions there are."""
        rows = self._database.read(
            "SELECT (SELECT coalesce(max(seq), 0) FROM run_log WHERE instance_id = ?1), "
            "(SELECT count(*) FROM instance_event WHERE instance_id = ?1)",
            (instance_id,),
        )
        return int(rows[0][0]), int(rows[0][1])

    def events(self, instance_id: int) -> list[Event]:
        """Return the transitions of an instance, oldest first."""
        rows = self._database.read(
            "SELECT old, new, at, attempt, reason, message FROM instance_event WHERE instance_id = ? ORDER BY id",
            (instance_id,),
        )
        return [
            Event(State(old) if old else None, State(new), at, attempt, Reason(reason) if reason else None, message)
            for old, new, at, attempt, reason, message in rows
        ]

    def dirty_rows(self, instance_id: int) -> list[DirtyRow]:
        """Return the dirty rows that were kept."""
        rows = self._database.read(
            "SELECT node_id, kind, reason, row, at FROM dirty_row WHERE instance_id = ? ORDER BY id", (instance_id,)
        )
        return [DirtyRow(*row) for row in rows]
