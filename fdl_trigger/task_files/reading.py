"""Reading task files: TOML to documents, with every mistake of syntax and shape and every name used twice."""

import difflib
import math
import tomllib
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from ..config import Problem
from .entries import ConnectionEntry, TaskEntry, TaskFiles

_TOP_KEYS = ("tasks", "connections")
_TASK_KEYS = ("workId", "workName", "folder", "description", "params", "nodes", "lines", "control", "plans")


def read(paths: Iterable[Path]) -> TaskFiles:
    """Read task files; mistakes of syntax and shape, and names used twice, are in `problems`."""
    tasks: list[TaskEntry] = []
    connections: list[ConnectionEntry] = []
    problems: list[Problem] = []
    for path in paths:
        document = _parse(path, problems)
        if document is not None:
            tasks += _tasks_of(str(path), document, problems)
            connections += _connections_of(str(path), document, problems)
    problems += _twice(tasks, "workName")
    problems += _twice(tasks, "workId")
    problems += _connections_twice(connections)
    return TaskFiles(tuple(tasks), tuple(connections), tuple(problems))


def _parse(path: Path, problems: list[Problem]) -> dict[str, Any] | None:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(Problem(str(path), "", f"cannot be read: {error.strerror}"))
        return None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(Problem(str(path), "", f"is not TOML: {error}"))
        return None
    plain: dict[str, Any] = _plain(document, "", lambda key, why: problems.append(Problem(str(path), key, why)))
    return plain


def _plain(value: Any, key: str, complain: Callable[[str, str], None]) -> Any:
    """Return the value in JSON's types: dates become text, numbers JSON lacks are mistakes."""
    if isinstance(value, dict):
        return {name: _plain(inner, f"{key}.{name}" if key else name, complain) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, f"{key}[{index}]", complain) for index, inner in enumerate(value)]
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        complain(key, f"{value} is not a number")
    return value


def _tasks_of(source: str, document: dict[str, Any], problems: list[Problem]) -> Iterator[TaskEntry]:
    if "workName" in document or "nodes" in document:
        if "tasks" in document:
            problems.append(Problem(source, "tasks", "a file holds [[tasks]] or one task at its top level, not both"))
        top = {key: value for key, value in document.items() if key not in _TOP_KEYS}
        yield TaskEntry(source, "", top)
        return
    for key in document:
        if key not in _TOP_KEYS:
            close = difflib.get_close_matches(key, (*_TOP_KEYS, *_TASK_KEYS), n=1)
            hint = f", did you mean '{close[0]}'?" if close else ""
            problems.append(Problem(source, key, f"unknown key{hint}"))
    tasks = document.get("tasks", [])
    if not isinstance(tasks, list):
        problems.append(Problem(source, "tasks", "is a list: write each task as [[tasks]]"))
        return
    for index, task in enumerate(tasks):
        if isinstance(task, dict):
            yield TaskEntry(source, f"tasks[{index}]", task)
        else:
            problems.append(Problem(source, f"tasks[{index}]", "is not a table"))


def _connections_of(source: str, document: dict[str, Any], problems: list[Problem]) -> Iterator[ConnectionEntry]:
    tables = document.get("connections", {})
    if not isinstance(tables, dict):
        problems.append(Problem(source, "connections", "holds tables: write each as [connections.NAME]"))
        return
    for name, table in tables.items():
        key = f"connections.{name}"
        if not isinstance(table, dict):
            problems.append(Problem(source, key, "is a table: write it as [connections.NAME]"))
        elif not isinstance(table.get("kind"), str):
            problems.append(Problem(source, f"{key}.kind", "Missing data for required field."))
        else:
            settings = {key: value for key, value in table.items() if key != "kind"}
            yield ConnectionEntry(source, name, table["kind"], settings)


def _twice(tasks: list[TaskEntry], field: str) -> Iterator[Problem]:
    first: dict[str, TaskEntry] = {}
    for task in tasks:
        value = task.document.get(field)
        if not isinstance(value, str):
            continue
        earlier = first.setdefault(value, task)
        if earlier is not task:
            yield Problem(task.source, task.at(field), f"'{value}' is already used by {_place(earlier)}")


def _place(task: TaskEntry) -> str:
    return f"{task.key} of {task.source}" if task.key else f"the task of {task.source}"


def _connections_twice(connections: list[ConnectionEntry]) -> Iterator[Problem]:
    first: dict[str, ConnectionEntry] = {}
    for connection in connections:
        earlier = first.setdefault(connection.name, connection)
        if earlier is not connection:
            yield Problem(connection.source, connection.key, f"is already defined in {earlier.source}")
