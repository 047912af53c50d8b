"""`fdl-trigger check`: everything that would keep the service from working, told at once."""

import os
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .entry import config_option, explain, in_lines, load_settings, opened

if TYPE_CHECKING:
    from ..config import Settings
    from ..runtime import Runtime


@click.command()
@config_option
def check(config: Path | None) -> None:
    """Check configuration, store, key file, schema and tasks; changes nothing, lists every problem."""
    settings = load_settings(config)
    click.echo("configuration: good")
    problems = [*_store_problems(settings), *_key_problems(settings), *_backup_problems(settings)]
    store = Path(settings.store.path)
    if not problems and store.exists():
        known, applied = _migrations(store)
        problems += _schema_problems(store, known, applied)
        if not problems and applied == known:
            problems += _content_problems(config)
    if problems:
        raise click.ClickException(in_lines(f"{len(problems)} problems", problems))
    click.echo("store, key file and tasks: good" if store.exists() else f"store: {store} is made at the first start")


def _store_problems(settings: "Settings") -> Iterator[str]:
    store = Path(settings.store.path)
    if store.is_dir():
        yield f"store: {store} is a directory"
    elif store.exists():
        for path in (store, Path(f"{store}-wal"), Path(f"{store}-shm")):
            if path.exists() and not os.access(path, os.R_OK | os.W_OK):
                yield f"store: {path} cannot be read and written"
        yield from _damage(store)
    yield from _unwritable("store", store.parent)


def _damage(store: Path) -> Iterator[str]:
    try:
        with closing(_reader(store)) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            yield f"store: {store} is damaged: {found}"
    except sqlite3.Error as error:
        yield f"store: {store} cannot be read as SQLite: {error}"


def _reader(store: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{store.absolute().as_uri()}?mode=ro", uri=True)


def _unwritable(what: str, directory: Path) -> Iterator[str]:
    existing = next(path for path in (directory.absolute(), *directory.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        yield f"{what}: nothing can be written in {directory}: {error.strerror}"


def _key_problems(settings: "Settings") -> Iterator[str]:
    key = settings.store.key_path
    if not key.exists():
        if Path(settings.store.path).exists():
            yield f"key file: {key} is missing; the secrets in the store cannot be read without it"
        yield from _unwritable("key file", key.parent)
        return
    if not key.is_file() or not os.access(key, os.R_OK):
        yield f"key file: {key} cannot be read"
    elif os.name == "posix" and key.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield f"key file: {key} is open to other users: chmod 600 {key}"


def _backup_problems(settings: "Settings") -> Iterator[str]:
    if settings.store.backup_dir:
        yield from _unwritable("backups", Path(settings.store.backup_dir))


def _migrations(store: Path) -> tuple[set[str], set[str]]:
    from ..store.schema import MIGRATIONS

    known = {path.stem for path in MIGRATIONS.glob("[0-9]*.py")}
    with closing(_reader(store)) as connection:
        try:
            applied = {row[0] for row in connection.execute("SELECT name FROM fdl_migration")}
        except sqlite3.OperationalError:
            applied = set()
    return known, applied


def _schema_problems(store: Path, known: set[str], applied: set[str]) -> Iterator[str]:
    if newer := sorted(applied - known):
        yield f"schema: {store} was written by a newer version (it has {newer[-1]})"
    elif due := sorted(known - applied):
        click.echo(f"schema: {len(due)} migrations are due ({', '.join(due)}); the next start applies them")


def _content_problems(config: Path | None) -> Iterator[str]:
    try:
        with opened(config) as runtime:
            yield from _task_problems(runtime)
            yield from _connection_problems(runtime)
    except Exception as error:
        text = explain(error)
        if text is None:
            raise
        yield f"store: {text}"


def _task_problems(runtime: "Runtime") -> Iterator[str]:
    from ..domain.errors import DefinitionInvalid
    from ..task_files import used_connections

    connections = {connection.name for connection in runtime.connections.list()}
    for task in runtime.tasks.list():
        for what, document in (("draft", task.draft), (f"version {task.version}", task.published)):
            if document is None:
                continue
            try:
                runtime.tasks.check(document)
            except DefinitionInvalid as error:
                yield f"task {task.name}, {what}: {error}"
            for key, name in used_connections(document):
                if name not in connections:
                    yield f"task {task.name}, {what}: {key}: there is no connection '{name}'"


def _connection_problems(runtime: "Runtime") -> Iterator[str]:
    from ..domain.errors import DefinitionInvalid

    for connection in runtime.connections.list():
        try:
            runtime.connections.check(connection)
        except DefinitionInvalid as error:
            yield f"connection {connection.name}: {error}"
