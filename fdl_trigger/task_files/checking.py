"""Checking task files against what exists, and looking up what their connections refer to."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from ..config import Problem
from ..domain.errors import DefinitionInvalid
from ..domain.records import Connection
from .entries import ConnectionEntry, TaskEntry, TaskFiles, TaskFilesInvalid, used_connections

CheckDocument = Callable[[Mapping[str, Any]], object]
CheckConnection = Callable[[Connection], object]
_Entry = TypeVar("_Entry", TaskEntry, ConnectionEntry)


def check(
    files: TaskFiles,
    check_document: CheckDocument,
    check_connection: CheckConnection,
    known_connections: Iterable[str],
) -> list[Problem]:
    """Return every mistake of the files; nothing their connections refer to is looked up.

    `check_document` and `check_connection` raise DefinitionInvalid; `known_connections` are the names that exist
    already besides those in the files.
    """
    problems = list(files.problems)
    for connection in files.connections:
        problems += _problems_of(connection, lambda entry: check_connection(entry.sketch()))
    known = {*known_connections, *(connection.name for connection in files.connections)}
    for task in files.tasks:
        problems += _problems_of(task, lambda entry: check_document(entry.document))
        problems += _unknown_connections(task, known)
    return problems


def foreign_names(files: TaskFiles, owners: Mapping[str, str]) -> Iterator[Problem]:
    """Yield a mistake for every task that has its own workId but the name of another task (`owners`: name to uid)."""
    for task in files.tasks:
        uid = task.document.get("workId")
        owner = owners.get(task.name or "")
        if owner is not None and isinstance(uid, str) and uid.lower() != owner:
            yield Problem(task.source, task.at("workName"), f"'{task.name}' is the name of the task {owner}")


def resolve(files: TaskFiles, environ: Mapping[str, str]) -> list[Connection]:
    """Return the connections with their references looked up; raises TaskFilesInvalid with every mistake."""
    found: list[Connection] = []
    problems: list[Problem] = []
    for entry in files.connections:
        try:
            found.append(entry.resolve(environ))
        except TaskFilesInvalid as error:
            problems += error.problems
    if problems:
        raise TaskFilesInvalid(problems)
    return found


def _problems_of(entry: _Entry, check_entry: Callable[[_Entry], object]) -> list[Problem]:
    try:
        check_entry(entry)
    except DefinitionInvalid as error:
        return [Problem(entry.source, entry.at(key), why) for key, why in _pairs(error)]
    return []


def _pairs(error: DefinitionInvalid) -> list[tuple[str, str]]:
    problems = error.details.get("problems")
    return list(problems) if isinstance(problems, list | tuple) else [("", error.message)]


def _unknown_connections(task: TaskEntry, known: set[str]) -> Iterator[Problem]:
    for key, name in used_connections(task.document):
        if name not in known:
            close = difflib.get_close_matches(name, sorted(known), n=1)
            hint = f", did you mean '{close[0]}'?" if close else ""
            yield Problem(task.source, task.at(key), f"there is no connection '{name}'{hint}")
