"""`fdl-trigger tasks run`: run a task and watch it."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import rendering
from .entry import config_option, opened_with_engine, which

if TYPE_CHECKING:
    from ..core.instances import InstanceService
    from ..domain.records import Instance

REDRAW_S = 0.2
PLAIN_LINE_S = 2.0
LOG_TAIL = 20


def _pairs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"'{value}' is not NAME=VALUE", ctx, param)
        found[name] = text
    return found


param_option = click.option(
    "--param",
    "-p",
    "params",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_pairs,
    help="Value of a task parameter; repeatable.",
)


@click.command()
@config_option
@param_option
@click.argument("name")
def run(config: Path | None, params: dict[str, str], name: str) -> None:
    """Run the published version of a task, show its progress, and end with its record.

    Runs here, or in the service when one has the store. The exit code is 0 only when the run succeeded.
    """
    with opened_with_engine(config) as (runtime, is_own):
        instance = runtime.instances.execute(**which(name), params=params, operator="command line")
        try:
            instance = _watch(runtime.instances, instance)
        except KeyboardInterrupt:
            _interrupted(runtime.instances, instance, is_own)
        _report(runtime.instances, instance)
    if instance.apparent_state.value != "SUCCEEDED":
        sys.exit(1)


def _interrupted(instances: "InstanceService", instance: "Instance", is_own: bool) -> None:
    if is_own:
        instances.terminate(instance.uid)
        raise click.ClickException("the run was stopped")
    raise click.ClickException(
        f"stopped watching; the service still runs it. To stop it: fdl-trigger instances terminate {instance.uid}"
    )


def _watch(instances: "InstanceService", instance: "Instance") -> "Instance":
    line = _Line()
    while not instance.apparent_state.is_final:
        instance = instances.wait(instance.uid, REDRAW_S)
        line.show(_progress(instance))
    line.end(_progress(instance))
    return instance


def _progress(instance: "Instance") -> str:
    elapsed = rendering.duration(instance, time.time_ns() // 1_000_000)
    return f"{instance.apparent_state.value}  {rendering.counts(instance.counts)}  {elapsed}"


class _Line:
    """One line redrawn in place on a terminal; elsewhere a plain line now and then."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._next = 0.0

    def show(self, text: str) -> None:
        if self._is_terminal:
            width = max(20, _terminal_width() - 1)
            click.echo(f"\r\x1b[K{text[:width]}", nl=False, err=True)
        elif time.monotonic() >= self._next:
            click.echo(text, err=True)
            self._next = time.monotonic() + PLAIN_LINE_S

    def end(self, text: str) -> None:
        """Leave nothing of the line on a terminal, where the record follows; elsewhere say how far it came."""
        click.echo("\r\x1b[K" if self._is_terminal else text, nl=not self._is_terminal, err=True)


def _terminal_width() -> int:
    import shutil

    return shutil.get_terminal_size().columns


def _report(instances: "InstanceService", instance: "Instance") -> None:
    for line in rendering.record(instance, instances.dirty_rows(instance.uid)):
        click.echo(line)
    if instance.apparent_state.value != "SUCCEEDED":
        click.echo("log")
        for line in rendering.log_lines(instances.log(instance.uid)[-LOG_TAIL:]):
            click.echo(f"  {line}")
