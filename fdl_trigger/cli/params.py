"""`fdl-trigger params`: global parameters, which every task may refer to."""

import sys
from pathlib import Path

import click

from . import rendering
from .entry import config_option, opened


@click.group()
def params() -> None:
    """Set, list and delete global parameters: ${NAME} in every task."""


@params.command("set")
@config_option
@click.option(
    "--type",
    "kind",
    type=click.Choice(["STRING", "NUMBER", "BOOLEAN", "DATE", "SECRET"], case_sensitive=False),
    default="STRING",
    show_default=True,
    help="A SECRET is masked everywhere; its value is read from standard input.",
)
@click.argument("name")
@click.argument("value", required=False)
def set_parameter(config: Path | None, kind: str, name: str, value: str | None) -> None:
    """Set NAME to VALUE (without VALUE: read from standard input, so that secrets stay out of the process list)."""
    from ..domain.parameters import Parameter, ParameterType

    if kind.upper() == "SECRET" and value is not None:
        raise click.UsageError("a SECRET is read from standard input, not from the command line")
    if value is None:
        value = click.prompt(name, hide_input=True) if sys.stdin.isatty() else sys.stdin.read().rstrip("\n")
    with opened(config) as runtime:
        runtime.globals.save(Parameter(name, ParameterType(kind.upper()), value))
    click.echo(f"parameter {name}: set")


@params.command("list")
@config_option
def list_parameters(config: Path | None) -> None:
    """List the global parameters; secrets are masked."""
    with opened(config) as runtime:
        found = runtime.globals.list()
    for line in rendering.table(("NAME", "TYPE", "VALUE"), [(one.name, one.type, one.value) for one in found]):
        click.echo(line)


@params.command()
@config_option
@click.argument("name")
def delete(config: Path | None, name: str) -> None:
    """Delete a global parameter."""
    with opened(config) as runtime:
        runtime.globals.delete(name)
    click.echo(f"parameter {name}: deleted")
