"""`fdl-trigger schedules`: when tasks run on their own."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .entry import config_option, opened, which
from .schedule_lines import fire_lines, record_lines, simulated_lines, table_lines

if TYPE_CHECKING:
    from ..domain.firing import Outage
    from ..domain.recurrence import WallClock
    from ..domain.schedule_records import ScheduleRecord
    from ..runtime import Runtime

_SCHEDULE = click.argument("schedule")


@click.group()
def schedules() -> None:
    """Look at schedules, pause and simulate them (docs/schedules.md).

    SCHEDULE is TASK/NAME or the schedule's id. Schedules are written as `plans` of a task: see `tasks apply`.
    """


@schedules.command("list")
@config_option
@click.option("--task", metavar="NAME", help="Only those of this task.")
def list_schedules(config: Path | None, task: str | None) -> None:
    """List schedules with their next and last fires."""
    with opened(config) as runtime:
        found = runtime.schedules.list(**(which(task) if task else {}))
        for line in table_lines(found):
            click.echo(line)
        _warn(runtime, found)


@schedules.command()
@config_option
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most so many fires.")
@_SCHEDULE
def show(config: Path | None, schedule: str, limit: int) -> None:
    """Show a schedule and what became of its last fires."""
    with opened(config) as runtime:
        record = _found(runtime, schedule)
        for line in [*record_lines(record), *fire_lines(runtime.schedules.fires(record.uid, limit))]:
            click.echo(line)
        _warn(runtime, [record])


@schedules.command()
@config_option
@click.option("--count", type=click.IntRange(1, 1_000), default=100, show_default=True, help="So many fires.")
@_SCHEDULE
def preview(config: Path | None, schedule: str, count: int) -> None:
    """List the next fires, as the schedule's own zone shows them."""
    with opened(config) as runtime:
        record = _found(runtime, schedule)
        plan = runtime.schedules.plan(record)
        for fire in runtime.schedules.preview(record.uid, n=count):
            click.echo(_shown(plan.schedule.clock, fire) if plan.schedule else "")
        _warn(runtime, [record])
    if plan.schedule is None:
        raise click.ClickException("a plan by events has no times of its own")


@schedules.command()
@config_option
@click.option("--from", "first", required=True, metavar="TIME", help="ISO date and time; of the schedule's zone.")
@click.option("--to", "last", required=True, metavar="TIME", help="ISO date and time.")
@click.option("--outage", "outages", multiple=True, metavar="TIME/TIME", help="The service is down; repeatable.")
@_SCHEDULE
def simulate(config: Path | None, schedule: str, first: str, last: str, outages: tuple[str, ...]) -> None:
    """List every fire of a span with its reason: clock change, holiday, outage, misfire policy."""
    with opened(config) as runtime:
        record = _found(runtime, schedule)
        plan = runtime.schedules.plan(record)
        if plan.schedule is None:
            raise click.ClickException("a plan by events has no times of its own")
        clock = plan.schedule.clock
        span = _moment(first, clock), _moment(last, clock)
        found = runtime.schedules.simulate(record.uid, *span, [_outage(text, clock) for text in outages])
        for line in simulated_lines(found, lambda at: _shown(clock, at)):
            click.echo(line)


def _scope(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.argument("schedule", required=False),
        click.option("--task", metavar="NAME", help="Every schedule of this task."),
        click.option("--all", "every", is_flag=True, help="Every schedule there is."),
        config_option,
    ):
        function = option(function)
    return function


@schedules.command()
@_scope
def pause(config: Path | None, schedule: str | None, task: str | None, every: bool) -> None:
    """Hold schedules: what is due meanwhile is skipped, and recorded as such."""
    _hold(config, schedule, task, every, True)


@schedules.command()
@_scope
def resume(config: Path | None, schedule: str | None, task: str | None, every: bool) -> None:
    """Let schedules go on, from the next fire."""
    _hold(config, schedule, task, every, False)


def _hold(config: Path | None, schedule: str | None, task: str | None, every: bool, paused: bool) -> None:
    if [schedule is not None, task is not None, every].count(True) != 1:
        raise click.UsageError("name a schedule, or give --task or --all")
    with opened(config) as runtime:
        if every:
            runtime.schedules.pause_all(paused)
            what = "all schedules"
        elif task is not None:
            runtime.schedules.pause_task(paused, **which(task))
            what = f"the schedules of {task}"
        else:
            record = runtime.schedules.pause(_found(runtime, schedule or "").uid, paused)
            what = f"{record.task_name}/{record.name}"
    click.echo(f"{what}: {'paused' if paused else 'resumed'}")


@schedules.command()
@config_option
@_SCHEDULE
def delete(config: Path | None, schedule: str) -> None:
    """Remove a schedule; one that stands in its task's document comes back when that is published again."""
    with opened(config) as runtime:
        record = _found(runtime, schedule)
        runtime.schedules.delete(record.uid)
    click.echo(f"{record.task_name}/{record.name}: deleted")


def _found(runtime: "Runtime", text: str) -> "ScheduleRecord":
    task, slash, name = text.rpartition("/")
    return runtime.schedules.find(name, **which(task)) if slash else runtime.schedules.get(text)


def _warn(runtime: "Runtime", records: Iterable["ScheduleRecord"]) -> None:
    for line in _warnings(runtime, records):
        click.echo(line, err=True)


def _warnings(runtime: "Runtime", records: Iterable["ScheduleRecord"]) -> Iterator[str]:
    from ..domain.errors import DefinitionInvalid

    for record in records:
        try:
            found = runtime.schedules.warnings(record)
        except DefinitionInvalid as error:
            found = [f"cannot be read: {error.message}"]
        yield from (f"warning: {record.task_name}/{record.name}: {text}" for text in found)


def _shown(clock: "WallClock", at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, clock.zone).isoformat(sep=" ", timespec="seconds")


def _moment(text: str, clock: "WallClock") -> int:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"'{text}' is not a time such as 2026-12-01T08:00") from None
    return clock.moment(found) if found.tzinfo is None else round(found.timestamp() * 1000)


def _outage(text: str, clock: "WallClock") -> "Outage":
    from ..domain.firing import Outage

    first, slash, last = text.partition("/")
    if not slash:
        raise click.UsageError(f"'{text}' is not TIME/TIME")
    return Outage(_moment(first, clock), _moment(last, clock))
