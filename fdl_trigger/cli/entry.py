"""What every command shares: the configuration option, the runtime it opens, and errors without tracebacks."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import click

if TYPE_CHECKING:
    from ..config import Settings
    from ..runtime import Runtime

_CONFIG_HELP = "TOML file with settings; without it the defaults and the environment hold."


def config_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--config FILE` (or FDL_TRIGGER_CONFIG) to a command; it arrives as `config`."""
    kind = click.Path(path_type=Path)
    return click.option(
        "--config", "-c", envvar="FDL_TRIGGER_CONFIG", show_envvar=True, type=kind, metavar="FILE", help=_CONFIG_HELP
    )(function)


class Root(click.Group):
    """The group that turns the errors people can do something about into plain lines and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            text = explain(error)
            if text is None:
                raise
            raise click.ClickException(text) from error


def explain(error: Exception) -> str | None:
    """Return the lines to show for an error, or None for one that is a mistake of the program."""
    from ..config import ConfigError
    from ..domain.errors import InternalError, TriggerError
    from ..server import CannotListen
    from ..task_files import TaskFilesInvalid

    if isinstance(error, ConfigError | TaskFilesInvalid):
        what = "configuration" if isinstance(error, ConfigError) else "task files"
        return in_lines(f"mistakes in the {what}", [str(problem) for problem in error.problems])
    problems = getattr(error, "details", {}).get("problems")
    if problems:
        return in_lines(
            f"{len(problems)} mistakes" if len(problems) > 1 else "1 mistake", [": ".join(p) for p in problems]
        )
    if isinstance(error, TriggerError | CannotListen) and not isinstance(error, InternalError):
        return str(error)
    if _is_of_the_database(error):
        return f"the store cannot be used: {error}"
    if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error)
    return None


def _is_of_the_database(error: Exception) -> bool:
    import sqlite3

    from peewee import DatabaseError

    return isinstance(error, DatabaseError | sqlite3.DatabaseError)


def in_lines(heading: str, lines: list[str]) -> str:
    """Return one line as it is, several as a list under a heading."""
    return lines[0] if len(lines) == 1 else "\n  ".join([f"{heading}:", *lines])


def load_settings(config: Path | None) -> "Settings":
    """Read the settings; raises ConfigError."""
    from ..config import Settings

    return Settings.load(config, os.environ)


@contextlib.contextmanager
def opened(config: Path | None) -> Iterator["Runtime"]:
    """Open the store for a command that does not run instances; a running service is not disturbed."""
    from .. import logs
    from ..runtime import Runtime

    settings = load_settings(config)
    logs.configure("WARNING", "console")
    with Runtime(settings, run_engine=False) as runtime:
        yield runtime


@contextlib.contextmanager
def opened_with_engine(config: Path | None) -> Iterator[tuple["Runtime", bool]]:
    """Open the store to run an instance: here, or (False) in the service that already runs the store's instances."""
    from .. import logs
    from ..domain.errors import StoreUnavailable
    from ..runtime import Runtime

    settings = load_settings(config)
    logs.configure("WARNING", "console")
    runtime = Runtime(settings, run_engine=True)
    try:
        runtime.start()
    except StoreUnavailable:
        with Runtime(settings, run_engine=False) as watching:
            yield watching, False
        return
    try:
        yield runtime, True
    finally:
        runtime.stop(settings.server.shutdown_grace_s)


class TaskKey(TypedDict, total=False):
    """A task by its uid (workId) or by its name, as keyword arguments of the services."""

    uid: str
    name: str


def which(name: str) -> TaskKey:
    """Tell a workId from a name, as the arguments of the services."""
    import uuid

    try:
        return {"uid": str(uuid.UUID(name))}
    except ValueError:
        return {"name": name}
