"""`fdl-trigger serve` and `fdl-trigger demo`."""

from pathlib import Path

import click

from .entry import config_option, load_settings

_PORT = click.IntRange(0, 65535)


@click.command()
@config_option
@click.option("--host", help="Address to listen on, instead of the configured one.")
@click.option("--port", type=_PORT, help="TCP port, instead of the configured one; 0 takes a free one.")
def serve(config: Path | None, host: str | None, port: int | None) -> None:
    """Answer calls and run tasks until SIGTERM or Ctrl-C.

    On the first signal running requests are answered and running tasks get the configured grace; a second signal
    ends the process at once.
    """
    from dataclasses import replace

    from .. import logs
    from ..runtime import Runtime
    from ..server import serve as serve_until_stopped
    from ..web import create_app

    settings = load_settings(config)
    server = replace(settings.server, host=host or settings.server.host)
    settings = replace(settings, server=server if port is None else replace(server, port=port))
    logs.configure(settings.log.level, settings.log.format)
    runtime = Runtime(settings)
    serve_until_stopped(create_app(runtime), runtime, settings, _announce)


def _announce(url: str) -> None:
    click.echo(f"fdl-trigger answers at {url} (Ctrl-C stops it)")


@click.command()
@click.option("--port", type=_PORT, default=8068, show_default=True, help="TCP port; 0 takes a free one.")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".demo"),
    show_default=True,
    help="Where the demo keeps its store, its rows and its credentials.",
)
def demo(port: int, directory: Path) -> None:
    """Show a task at work: a paged source, a published task, a report page that runs it."""
    from ..demo.service import run_demo

    raise SystemExit(run_demo(port=port, directory=directory))
