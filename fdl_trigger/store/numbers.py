"""Integers for what has none of its own: nodes of tasks, and folders. Once given, a number stays."""

import sqlite3
from collections.abc import Iterable, Mapping

from ..domain.audit import AuditEntry
from ..domain.clock import Clock
from .audit import audited
from .database import StoreDatabase
from .writer import Writer


class Numbers:
    """Gives out numbers when they are first asked for; a node keeps its number while its id stays."""

    def __init__(self, database: StoreDatabase, writer: Writer, clock: Clock) -> None:
        self._database = database
        self._writer = writer
        self._clock = clock
        self._nodes: dict[tuple[int, str], int] = {}

    def of_nodes(self, task_id: int, node_ids: Iterable[str]) -> Mapping[str, int]:
        """Return the numbers of a task's nodes."""
        wanted = list(node_ids)
        missing = [node_id for node_id in wanted if (task_id, node_id) not in self._nodes]
        if missing:
            self._read(task_id)
        missing = [node_id for node_id in missing if (task_id, node_id) not in self._nodes]
        if missing:
            self._writer.write(lambda connection: _number(connection, task_id, missing))
            self._read(task_id)
        return {node_id: self._nodes[task_id, node_id] for node_id in wanted}

    def _read(self, task_id: int) -> None:
        rows = self._database.read("SELECT node_id, id FROM node_number WHERE task_id = ?", (task_id,))
        self._nodes.update({(task_id, node_id): number for node_id, number in rows})

    def node(self, number: int) -> tuple[int, str] | None:
        """Return the task id and the node id of a number, None for one nobody has."""
        rows = self._database.read("SELECT task_id, node_id FROM node_number WHERE id = ?", (number,))
        return (rows[0][0], rows[0][1]) if rows else None

    def of_folder(self, path: str, entry: AuditEntry | None = None) -> int:
        """Return the number of a folder; `entry` is the audit entry when somebody asked for a new one."""
        rows = self._database.read("SELECT id FROM folder_number WHERE path = ?", (path,))
        if rows:
            return int(rows[0][0])

        def work(connection: sqlite3.Connection) -> int:
            return _folder(connection, path)

        return self._writer.write(work if entry is None else audited(work, entry, self._clock))

    def folder(self, number: int) -> str | None:
        """Return the folder with a number, None for one nobody has."""
        rows = self._database.read("SELECT path FROM folder_number WHERE id = ?", (number,))
        return str(rows[0][0]) if rows else None

    def folders(self) -> Mapping[str, int]:
        """Return every folder that has a number."""
        return dict(self._database.read("SELECT path, id FROM folder_number ORDER BY path"))


def _number(connection: sqlite3.Connection, task_id: int, node_ids: list[str]) -> None:
    rows = [(task_id, node_id) for node_id in node_ids]
    connection.executemany("INSERT OR IGNORE INTO node_number (task_id, node_id) VALUES (?, ?)", rows)


def _folder(connection: sqlite3.Connection, path: str) -> int:
    connection.execute("INSERT OR IGNORE INTO folder_number (path) VALUES (?)", (path,))
    row = connection.execute("SELECT id FROM folder_number WHERE path = ?", (path,)).fetchone()
    return int(row[0])
