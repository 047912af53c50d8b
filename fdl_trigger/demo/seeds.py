"""What the demo puts into its store: two connections, one task, two applications. Doing it again changes nothing."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..domain.applications import Application
from ..domain.operations import Operation
from ..domain.records import Connection, Grant, Task
from ..runtime import Runtime
from .rows import TABLE

TASK_NAME = "usgs_earthquakes"
SOURCE, TARGET = "usgs", "demo_target"
CALLER, PAGE = "demo", "demo report page"
PAGE_SIZE = 100

# Column types of the feed; `net` and `code` together name an event.
_FIELDS = {
    "VARCHAR": ("net", "code", "place", "url", "detail", "alert", "status", "ids", "sources", "types", "magType"),
    "TEXT": ("type", "title"),
    "BIGINT": ("time", "updated"),
    "INTEGER": ("tz", "felt", "tsunami", "sig", "nst"),
    "DOUBLE": ("mag", "cdi", "mmi", "dmin", "rms", "gap"),
}
_KEYS = ("net", "code")


@dataclass(frozen=True, slots=True)
class Installation:
    """What a demo store holds for its callers."""

    task: Task
    caller: Application
    page: Application


def source_token(runtime: Runtime) -> str:
    """Return the token of the source API: the one kept in its connection, a new random one the first time."""
    for connection in runtime.connections.list():
        if connection.name == SOURCE:
            return str(connection.settings["authorization"]["token"])
    return secrets.token_urlsafe(24)


def seed(runtime: Runtime, *, database: Path, source: str, token: str, origins: Iterable[str]) -> Installation:
    """Bring the store up to date with what the demo needs and return it.

    `database` is the target's SQLite file, `source` the address of the feed, `token` its bearer token, `origins` are
    where the report page is served from.
    """
    _connect(runtime, Connection(TARGET, "sqlite", {"path": str(database.resolve())}))
    _connect(runtime, _source(token))
    task = _publish(runtime, task_document(source))
    caller = _application(runtime, CALLER) or runtime.access.create(CALLER, grants=_every_operation(None))
    return Installation(task, caller, _page_application(runtime, task, tuple(origins)))


def _source(token: str) -> Connection:
    return Connection(SOURCE, "api", {"authorization": {"type": "BEARER", "token": token}, "allowLoopback": True})


def task_document(source: str) -> dict[str, Any]:
    """Return the definition of the demo's task, which copies the feed at `source` into the target."""
    config = {
        "source": {
            "type": "API",
            "connection": SOURCE,
            "method": "GET",
            "url": source,
            "params": [{"name": "pageNum", "value": "${pageNum}"}, {"name": "pageSize", "value": str(PAGE_SIZE)}],
            "jsonPath": "$.features[*].properties",
            "expand": True,
            "pagination": {"mode": "PAGE_NUMBER", "initial": "1", "endOnEmptyPage": True},
        },
        "target": {"connection": TARGET, "table": TABLE, "mode": "AUTO_CREATE", "fields": list(_fields())},
        "write": {"method": "DIRECT", "conflict": "UPDATE"},
    }
    return {
        "workName": TASK_NAME,
        "description": "Copies a week of earthquakes from the demo source into a table.",
        "nodes": [{"id": "copy", "name": "copy the feed", "type": "DATA_SYNC", "config": config}],
        "lines": [],
    }


def _fields() -> Iterable[dict[str, Any]]:
    for kind, names in _FIELDS.items():
        for name in names:
            field: dict[str, Any] = {"name": name, "type": kind}
            if kind == "VARCHAR":
                field["length"] = 255
            if name in _KEYS:
                field["primaryKey"] = True
            yield field


def _connect(runtime: Runtime, wanted: Connection) -> None:
    if wanted not in runtime.connections.list():
        runtime.connections.save(wanted)


def _publish(runtime: Runtime, document: Mapping[str, Any]) -> Task:
    task = runtime.tasks.save(document)
    if task.published != task.draft:
        task = runtime.tasks.publish(uid=task.uid)
    return task


def _application(runtime: Runtime, name: str) -> Application | None:
    return next((found for found in runtime.access.list() if found.name == name), None)


def _page_application(runtime: Runtime, task: Task, origins: tuple[str, ...]) -> Application:
    known = _application(runtime, PAGE)
    if known is not None and known.origins == origins:
        return known
    if known is not None:
        runtime.access.delete(known.client_id)
    return runtime.access.create(PAGE, method="page", grants=_every_operation(task.id), origins=origins)


def _every_operation(task_id: int | None) -> tuple[Grant, ...]:
    return tuple(Grant(operation, task_id) for operation in Operation)
