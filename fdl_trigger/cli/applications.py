"""`fdl-trigger apps`: who may call, and what."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .entry import config_option, opened, which

if TYPE_CHECKING:
    from ..domain.applications import Application
    from ..domain.records import Grant
    from ..runtime import Runtime

_OPERATIONS = ("execute", "list", "read", "terminate")
APPLICATION = click.argument("application", metavar="APP")


def _operations(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
    unknown = [name for name in names if name not in _OPERATIONS]
    if unknown or not names:
        raise click.BadParameter(f"'{', '.join(unknown)}' is not among {', '.join(_OPERATIONS)}", ctx, param)
    return names


def _grant_options(function: Callable[..., None]) -> Callable[..., None]:
    tasks = click.option("--task", "tasks", multiple=True, metavar="NAME", help="Only on this task; repeatable.")
    allow = click.option(
        "--allow",
        callback=_operations,
        metavar="OPERATION,...",
        default=",".join(_OPERATIONS),
        show_default=True,
        help="Operations, separated by commas.",
    )
    return allow(tasks(function))


def public_key_option(function: Callable[..., None]) -> Callable[..., None]:
    """Add `--public-key`; it arrives as `public_key`, to be read with `read_public_key`."""
    return click.option(
        "--public-key",
        metavar="KEY",
        help="SM2 public key: hexadecimal point, base64 DER, or @FILE with one of them or PEM.",
    )(function)


def read_public_key(given: str | None) -> str | None:
    """Return the public key given on the command line, from its file if it names one."""
    if given is None or not given.startswith("@"):
        return given
    return Path(given[1:]).read_text(encoding="ascii", errors="replace")


@click.group()
def apps() -> None:
    """Create applications (who may call) and their grants; APP is a client id or a name only one has."""


@apps.command()
@config_option
@click.argument("name")
@click.option(
    "--method",
    type=click.Choice(["aksk", "digest", "sm2", "page"]),
    default="aksk",
    show_default=True,
    help="How it proves itself: id and secret, a signature, or (page) only an id, bound to tasks and origins.",
)
@_grant_options
@click.option("--origin", "origins", multiple=True, metavar="URL", help="Origin of a page application; repeatable.")
@click.option("--rate", metavar="RATE", help='At most so many calls, such as "60/minute".')
@click.option(
    "--digest-algorithm",
    type=click.Choice(["MD5", "SHA256", "SM3"], case_sensitive=False),
    default="MD5",
    show_default=True,
    help="Algorithm of a digest application's signatures.",
)
@click.option(
    "--digest-timeout",
    type=click.IntRange(1),
    default=300,
    show_default=True,
    help="Life of a signature in seconds, of digest and sm2.",
)
@public_key_option
@click.option("--once", is_flag=True, help="Refuse a signature that was used before (digest, sm2).")
@click.option("--bound", is_flag=True, help="SM2 signatures cover method, path, timestamp and body.")
@click.option("--operator", "operators", multiple=True, metavar="USER", help="User it may act for; default: any.")
def create(
    config: Path | None,
    name: str,
    method: str,
    allow: tuple[str, ...],
    tasks: tuple[str, ...],
    origins: tuple[str, ...],
    rate: str | None,
    digest_algorithm: str,
    digest_timeout: int,
    public_key: str | None,
    once: bool,
    bound: bool,
    operators: tuple[str, ...],
) -> None:
    """Create an application and print its id and its secret. The secret is shown this once; page and sm2 have none."""
    _require_rate(rate)
    with opened(config) as runtime:
        application = runtime.access.create(
            name,
            method=method,
            grants=_grants(runtime, allow, tasks),
            digest_algorithm=digest_algorithm,
            digest_timeout_s=digest_timeout,
            rate=rate,
            origins=origins,
            public_key=read_public_key(public_key),
            once=once,
            bound=bound,
            operators=operators,
        )
    click.echo(f"client_id: {application.client_id}")
    if application.secret is not None:
        click.echo(f"secret: {application.secret}")
        click.echo("Keep the secret now: it is not shown again.", err=True)


def _require_rate(rate: str | None) -> None:
    if not rate:
        return
    from limits import parse_many

    try:
        parse_many(rate)
    except ValueError:
        raise click.BadParameter('a rate reads like "60/minute"', param_hint="--rate") from None


def _grants(runtime: "Runtime", allow: tuple[str, ...], tasks: tuple[str, ...]) -> list["Grant"]:
    from ..domain.operations import Operation
    from ..domain.records import Grant

    ids: list[int | None] = [runtime.tasks.get(**which(task)).id for task in tasks]
    return [Grant(Operation(operation), task_id) for operation in allow for task_id in (ids or [None])]


@apps.command("list")
@config_option
def list_apps(config: Path | None) -> None:
    """List every application with its grants; secrets are never shown."""
    from .rendering import table

    with opened(config) as runtime:
        names = {task.id: task.name for task in runtime.tasks.list()}
        rows = [
            (
                one.name,
                one.client_id,
                one.method,
                "enabled" if one.enabled else "disabled",
                "; ".join(_told(one, names)),
            )
            for one in runtime.access.list()
        ]
    for line in table(("NAME", "CLIENT ID", "METHOD", "STATUS", "MAY"), rows):
        click.echo(line)


def _told(application: "Application", names: dict[int, str]) -> Iterator[str]:
    by_task: dict[int | None, list[str]] = {}
    for grant in application.grants:
        by_task.setdefault(grant.task_id, []).append(grant.operation.value)
    for task_id, operations in by_task.items():
        where = "every task" if task_id is None else names.get(task_id, f"a deleted task ({task_id})")
        yield f"{', '.join(operations)} on {where}"


@apps.command()
@config_option
@_grant_options
@APPLICATION
def grant(config: Path | None, application: str, allow: tuple[str, ...], tasks: tuple[str, ...]) -> None:
    """Add grants, on every task or on the named ones."""
    with opened(config) as runtime:
        found = find(runtime, application)
        runtime.access.grant(found.client_id, _grants(runtime, allow, tasks))
    click.echo(f"application {found.name}: granted")


@apps.command()
@config_option
@_grant_options
@APPLICATION
def revoke(config: Path | None, application: str, allow: tuple[str, ...], tasks: tuple[str, ...]) -> None:
    """Take grants away as they were given: without --task those on every task."""
    with opened(config) as runtime:
        found = find(runtime, application)
        runtime.access.revoke(found.client_id, _grants(runtime, allow, tasks))
    click.echo(f"application {found.name}: revoked")


def _switch(enabled: bool) -> Callable[..., None]:
    def switch(config: Path | None, application: str) -> None:
        with opened(config) as runtime:
            found = find(runtime, application)
            runtime.access.enable(found.client_id, enabled)
        click.echo(f"application {found.name}: {'enabled' if enabled else 'disabled'}")

    return config_option(APPLICATION(switch))


apps.command("enable", help="Let an application in again.")(_switch(True))
apps.command("disable", help="Keep an application out; its grants stay.")(_switch(False))


@apps.command()
@config_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@APPLICATION
def delete(config: Path | None, application: str, yes: bool) -> None:
    """Delete an application and its grants."""
    with opened(config) as runtime:
        found = find(runtime, application)
        if not yes:
            click.confirm(f"Delete the application '{found.name}'?", abort=True, err=True)
        runtime.access.delete(found.client_id)
    click.echo(f"application {found.name}: deleted")


def find(runtime: "Runtime", text: str) -> "Application":
    """Return the one application with this client id or name."""
    found = [one for one in runtime.access.list() if text in (one.client_id, one.name)]
    exact = [one for one in found if one.client_id == text]
    if len(exact or found) != 1:
        reason = "several have this name: use the client id" if found else "see: fdl-trigger apps list"
        raise click.ClickException(f"there is no single application '{text}'; {reason}")
    return (exact or found)[0]
