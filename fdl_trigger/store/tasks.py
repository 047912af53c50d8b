"""Tasks and their published versions."""

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from peewee import JOIN, IntegrityError

from ..domain.audit import AuditEntry
from ..domain.clock import Clock
from ..domain.definition import Definition
from ..domain.errors import DefinitionInvalid
from ..domain.records import Task
from .audit import audited
from .changes import changed
from .database import StoreDatabase
from .documents import Documents
from .models import TaskModel, TaskVersionModel
from .vault import Vault
from .writer import Work, Writer


class TaskStore:
    """Keeps drafts and published snapshots, encrypted; a change is durable when the call returns."""

    def __init__(self, database: StoreDatabase, writer: Writer, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._writer = writer
        self._documents = Documents(vault)
        self._clock = clock

    def all(self) -> list[Task]:
        """Return every task that is not deleted, by folder and name."""
        query = (
            TaskModel.select(TaskModel, TaskVersionModel.document)
            .join(
                TaskVersionModel,
                JOIN.LEFT_OUTER,
                on=(TaskVersionModel.task == TaskModel.id) & (TaskVersionModel.version == TaskModel.version),
            )
            .where(TaskModel.deleted_at.is_null())
            .order_by(TaskModel.folder, TaskModel.name)
        )
        rows = list(query.dicts().execute(self._database))
        documents = self._documents.open_all([row[key] for row in rows for key in ("draft", "document") if row[key]])
        return [_task(row, documents) for row in rows]

    def document(self, task_id: int, version: int) -> Mapping[str, Any] | None:
        """Return a published snapshot, of a deleted task too."""
        rows = self._database.read(
            "SELECT document FROM task_version WHERE task_id = ? AND version = ?", (task_id, version)
        )
        return self._documents.open(rows[0][0]) if rows else None

    def save(self, definition: Definition, entry: AuditEntry) -> None:
        """Insert or replace the draft of the task with this uid; raises DefinitionInvalid for a name in use.

        A deleted task whose uid comes again is taken back into use, unpublished.
        """

        def work(connection: sqlite3.Connection) -> None:
            now = self._clock()
            values = {
                "name": definition.name,
                "folder": definition.folder,
                "description": definition.description,
                "draft": self._documents.seal(definition.document),
                "updated_at": now,
            }
            changed(connection)
            updated = TaskModel.update(**values, deleted_at=None).where(TaskModel.uid == definition.uid)
            if not updated.execute(self._database):
                TaskModel.insert(**values, uid=definition.uid, enabled=True, created_at=now).execute(self._database)

        try:
            self._writer.write(audited(work, entry, self._clock))
        except IntegrityError:
            reason = f"the name '{definition.name}' belongs to another task"
            raise DefinitionInvalid(f"workName: {reason}", problems=[("workName", reason)]) from None

    def publish(self, task_id: int, entry: AuditEntry, also: Work[None] | None = None) -> int:
        """Make the draft the next published version and return its number; `also` shares its transaction."""

        def work(connection: sqlite3.Connection) -> int:
            now = self._clock()
            changed(connection)
            draft, last = connection.execute(
                "SELECT draft, (SELECT coalesce(max(version), 0) FROM task_version WHERE task_id = task.id) "
                "FROM task WHERE id = ?",
                (task_id,),
            ).fetchone()
            version = int(last) + 1
            TaskVersionModel.insert(task=task_id, version=version, document=draft, published_at=now).execute(
                self._database
            )
            TaskModel.update(version=version, published_at=now).where(TaskModel.id == task_id).execute(self._database)
            if also is not None:
                also(connection)
            return version

        return self._writer.write(audited(work, entry, self._clock))

    def seal(self) -> None:
        """Encrypt the documents an earlier version kept in clear."""
        for table, column in (("task", "draft"), ("task_version", "document")):
            rows = self._database.read(f"SELECT DISTINCT {column} FROM {table} WHERE {column} LIKE '{{%'", ())
            sealed = [(self._documents.seal(self._documents.open(text)), text) for (text,) in rows]
            if sealed:
                self._writer.write(_replacing(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", sealed))

    def enable(self, task_id: int, enabled: bool, entry: AuditEntry) -> None:
        """Allow or refuse further triggers of the task."""

        def work(connection: sqlite3.Connection) -> None:
            changed(connection)
            TaskModel.update(enabled=enabled).where(TaskModel.id == task_id).execute(self._database)

        self._writer.write(audited(work, entry, self._clock))

    def delete(self, task_id: int, entry: AuditEntry) -> None:
        """Take the task out of use and free its name; its records stay."""

        def work(connection: sqlite3.Connection) -> None:
            changed(connection)
            TaskModel.update(deleted_at=self._clock(), version=None).where(TaskModel.id == task_id).execute(
                self._database
            )

        self._writer.write(audited(work, entry, self._clock))


def _task(row: dict[str, Any], documents: Mapping[str, Mapping[str, Any]]) -> Task:
    return Task(
        id=row["id"],
        uid=row["uid"],
        name=row["name"],
        folder=row["folder"],
        description=row["description"],
        enabled=row["enabled"],
        version=row["version"],
        draft=documents[row["draft"]],
        published=documents[row["document"]] if row["document"] else None,
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        published_at=row["published_at"],
    )


def _replacing(statement: str, values: list[tuple[str, str]]) -> Callable[[sqlite3.Connection], None]:
    def work(connection: sqlite3.Connection) -> None:
        changed(connection)
        connection.executemany(statement, values)

    return work
