"""`fdl-trigger instances`: look at runs and stop them."""

from pathlib import Path

import click

from . import rendering
from .entry import config_option, opened, which

_UID = click.argument("uid", metavar="INSTANCE")


@click.group()
def instances() -> None:
    """List, show and terminate runs; INSTANCE is the id a trigger answered with (recordId)."""


@instances.command("list")
@config_option
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most so many.")
@click.argument("task")
def list_instances(config: Path | None, limit: int, task: str) -> None:
    """List the runs of a task (name or workId), newest first."""
    from ..domain.records import InstanceFilter

    with opened(config) as runtime:
        found = runtime.instances.list(InstanceFilter(limit=limit), **which(task))
    rows = [
        (
            one.uid,
            rendering.status(one),
            one.trigger,
            rendering.moment(one.created_at),
            rendering.duration(one),
            f"{one.counts.read:,}",
            f"{one.counts.written:,}",
            f"{one.counts.dirty:,}",
        )
        for one in found
    ]
    for line in rendering.table(("INSTANCE", "STATUS", "BY", "CREATED", "DURATION", "READ", "WRITTEN", "DIRTY"), rows):
        click.echo(line)


@instances.command()
@config_option
@_UID
def show(config: Path | None, uid: str) -> None:
    """Show a run: its record, its nodes and its transitions."""
    with opened(config) as runtime:
        instance = runtime.instances.get(uid)
        dirty_rows = runtime.instances.dirty_rows(uid)
        nodes = runtime.instances.node_runs(uid)
        events = runtime.instances.events(uid)
    for line in rendering.record(instance, dirty_rows):
        click.echo(line)
    for node in nodes:
        error = f"; {node.error}" if node.error else ""
        click.echo(f"node      {node.name}: {node.state.value}, {rendering.counts(node.counts)}{error}")
    for event in events:
        why = " ".join(filter(None, (event.reason and f"({event.reason})", event.message)))
        click.echo(f"event     {rendering.moment(event.at)} {event.new.value} {why}".rstrip())


@instances.command()
@config_option
@_UID
def log(config: Path | None, uid: str) -> None:
    """Print the log of a run."""
    with opened(config) as runtime:
        lines = runtime.instances.log(uid)
    for line in rendering.log_lines(lines):
        click.echo(line)


@instances.command()
@config_option
@_UID
def terminate(config: Path | None, uid: str) -> None:
    """Stop a run; the service that runs it is told through the store."""
    with opened(config) as runtime:
        instance = runtime.instances.terminate(uid)
    click.echo(f"instance {instance.uid}: {rendering.status(instance)}")
