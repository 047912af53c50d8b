"""`fdl-trigger tasks`: tasks as code, and running them by hand."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .entry import config_option, load_settings, opened, which
from .running import run

if TYPE_CHECKING:
    from ..config import Settings
    from ..domain.records import Task
    from ..runtime import Runtime
    from ..task_files import TaskFiles

_FILES = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
_NAME = click.argument("name")


@click.group()
def tasks() -> None:
    """Check, apply, export, publish and run tasks; NAME is a task's name or its workId."""


tasks.add_command(run)


@tasks.command()
@config_option
@_FILES
def check(config: Path | None, files: tuple[Path, ...]) -> None:
    """Tell every mistake of task files as "file: key: reason"; nothing is saved."""
    from ..task_files import TaskFilesInvalid

    settings = load_settings(config)
    if Path(settings.store.path).exists():
        with opened(config) as runtime:
            read, problems = _checked(runtime, files)
    else:
        read, problems = _checked_alone(settings, files)
    if problems:
        raise TaskFilesInvalid(problems)
    click.echo(f"no mistakes in {len(read.tasks)} tasks and {len(read.connections)} connections")


@tasks.command()
@config_option
@click.option("--publish", "publishes", is_flag=True, help="Also publish the tasks whose published version differs.")
@_FILES
def apply(config: Path | None, publishes: bool, files: tuple[Path, ...]) -> None:
    """Save the connections and the drafts of task files: all of them, or none when any has a mistake."""
    from ..task_files import TaskFilesInvalid, resolve

    with opened(config) as runtime:
        read, problems = _checked(runtime, files)
        if problems:
            raise TaskFilesInvalid(problems)
        for connection in resolve(read, os.environ):
            _say("connection", connection.name, _save_connection(runtime, connection))
        saved = []
        for entry in read.tasks:
            change, task = _save_task(runtime, entry.document)
            _say("task", task.name, change)
            saved.append(task)
        for task in saved if publishes else ():  # when all are there: plans may wait for tasks further down
            _say("task", task.name, _publish(runtime, task))


def _say(what: str, name: str, change: str) -> None:
    click.echo(f"{what} {name}: {change}")


def _checked(runtime: "Runtime", files: tuple[Path, ...]) -> tuple["TaskFiles", list[Any]]:
    from .. import task_files

    read = task_files.read(files)
    known = [connection.name for connection in runtime.connections.list()]
    owners = {task.name: task.uid for task in runtime.tasks.list()}
    problems = task_files.check(read, runtime.tasks.check, runtime.connections.check, known)
    return read, problems + list(task_files.foreign_names(read, owners))


def _checked_alone(settings: "Settings", files: tuple[Path, ...]) -> tuple["TaskFiles", list[Any]]:
    """Check where no store exists yet, without making one."""
    from .. import task_files
    from ..core.connections import ConnectionService
    from ..core.tasks import TaskService
    from ..nodes import node_types
    from ..runtime import Runtime

    store = Runtime(settings, run_engine=False).store
    read = task_files.read(files)
    check_document = TaskService(store, node_types(settings.nodes.enabled)).check
    return read, task_files.check(read, check_document, ConnectionService(store).check, ())


def _save_connection(runtime: "Runtime", connection: Any) -> str:
    known = {known.name: known for known in runtime.connections.list()}.get(connection.name)
    if known is not None and (known.kind, dict(known.settings)) == (connection.kind, dict(connection.settings)):
        return "unchanged"
    runtime.connections.save(connection)
    return "created" if known is None else "updated"


def _save_task(runtime: "Runtime", document: Any) -> tuple[str, "Task"]:
    from ..task_files import same_document

    known = _find_document(runtime, document)
    if known is not None and same_document(known.draft, document):
        return "unchanged", known
    return ("created" if known is None else "updated"), runtime.tasks.save(document)


def _find_document(runtime: "Runtime", document: Any) -> "Task | None":
    uid = str(document.get("workId") or "").lower()
    for task in runtime.tasks.list():
        if task.uid == uid or (not uid and task.name == document["workName"]):
            return task
    return None


def _publish(runtime: "Runtime", task: "Task") -> str:
    from ..task_files import same_document

    if task.version is not None and same_document(task.published, task.draft):
        return f"version {task.version} is already published"
    return f"published as version {runtime.tasks.publish(uid=task.uid).version}"


@tasks.command()
@config_option
@click.option("--published", is_flag=True, help="The published version instead of the draft.")
@_NAME
def export(config: Path | None, published: bool, name: str) -> None:
    """Print a task as a task file; applying it gives the same task. Connections are named, never printed."""
    from ..task_files import dump

    with opened(config) as runtime:
        task = runtime.tasks.get(**which(name))
    document = task.published if published else task.draft
    if document is None:
        raise click.ClickException(f"the task '{task.name}' has never been published")
    try:
        click.echo(dump(document), nl=False)
    except ValueError as error:
        raise click.ClickException(str(error)) from error


@tasks.command()
@config_option
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def publish(config: Path | None, names: tuple[str, ...]) -> None:
    """Make the drafts of tasks the versions that run."""
    with opened(config) as runtime:
        for name in names:
            task = runtime.tasks.publish(**which(name))
            _say("task", task.name, f"published as version {task.version}")


@tasks.command("list")
@config_option
def list_tasks(config: Path | None) -> None:
    """List every task."""
    from .rendering import moment, table

    with opened(config) as runtime:
        rows = [
            (task.name, task.uid, task.folder, _status(task), moment(task.updated_at)) for task in runtime.tasks.list()
        ]
    for line in table(("NAME", "WORK ID", "FOLDER", "STATUS", "UPDATED"), rows):
        click.echo(line)


def _status(task: "Task") -> str:
    from ..task_files import same_document

    if not task.enabled:
        return "disabled"
    if task.version is None:
        return "draft"
    changed = "" if same_document(task.draft, task.published) else ", draft differs"
    return f"version {task.version}{changed}"


def _switch(enabled: bool) -> Callable[..., None]:
    def switch(config: Path | None, name: str) -> None:
        with opened(config) as runtime:
            task = runtime.tasks.enable(**which(name), enabled=enabled)
        _say("task", task.name, "enabled" if enabled else "disabled")

    return config_option(_NAME(switch))


tasks.command("enable", help="Let a task be triggered again.")(_switch(True))
tasks.command("disable", help="Refuse further triggers of a task; what runs goes on.")(_switch(False))


@tasks.command()
@config_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@_NAME
def delete(config: Path | None, yes: bool, name: str) -> None:
    """Delete a task and stop what runs of it; its records stay."""
    with opened(config) as runtime:
        task = runtime.tasks.get(**which(name))
        if not yes:
            click.confirm(f"Delete the task '{task.name}'?", abort=True, err=True)
        runtime.tasks.delete(uid=task.uid)
    _say("task", task.name, "deleted")
