"""`fdl-trigger users`: who may log in, and what they may. Passwords are never given as arguments."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from .entry import config_option, opened

_ROLES = ("admin", "operator", "viewer")
_NAME = click.argument("name")
_FOLDERS = click.option(
    "--folder", "folders", multiple=True, metavar="FOLDER", help="Only tasks in this folder and below; repeatable."
)


def _password_options(function: Callable[..., None]) -> Callable[..., None]:
    generate = click.option("--generate", is_flag=True, help="Make a password and show it this once.")
    file = click.option(
        "--password-file",
        type=click.Path(path_type=Path, allow_dash=True),
        metavar="FILE",
        help="Read the password from the first line of a file; - reads standard input.",
    )
    return file(generate(function))


@click.group()
def users() -> None:
    """Create users (who may log in), their roles and folders, and end their logins.

    A password is asked for on a terminal and otherwise read from standard input; it has at least 10 characters.
    """


@users.command()
@config_option
@_NAME
@click.option("--role", type=click.Choice(_ROLES), default="viewer", show_default=True, help="What the user is for.")
@_FOLDERS
@click.option("--display-name", default="", metavar="TEXT", help="The name shown to people.")
@_password_options
def create(
    config: Path | None,
    name: str,
    role: str,
    folders: tuple[str, ...],
    display_name: str,
    password_file: Path | None,
    generate: bool,
) -> None:
    """Create a user: viewers list and read, operators also run and terminate, administrators may everything."""
    from ..domain.users import Role

    password = _password(password_file, generate)
    with opened(config) as runtime:
        made = runtime.users.create(name, password, role=Role(role), folders=folders, display_name=display_name)
    click.echo(f"user {made.name}: created as {made.role}")
    _show(password, generate)


@users.command("list")
@config_option
def list_users(config: Path | None) -> None:
    """List every user; passwords are never shown."""
    from .rendering import moment, table

    with opened(config) as runtime:
        rows = [
            (
                *(one.name, one.display_name, one.role.value, "enabled" if one.enabled else "disabled"),
                *(", ".join(one.folders) or "every task", moment(one.created_at)),
            )
            for one in runtime.users.list()
        ]
    for line in table(("NAME", "SHOWN AS", "ROLE", "STATUS", "REACHES", "CREATED"), rows):
        click.echo(line)


@users.command()
@config_option
@_NAME
@_password_options
def passwd(config: Path | None, name: str, password_file: Path | None, generate: bool) -> None:
    """Replace a password; every login of the user ends."""
    password = _password(password_file, generate)
    with opened(config) as runtime:
        runtime.users.set_password(name, password)
    click.echo(f"user {name}: password replaced, every login ended")
    _show(password, generate)


@users.command()
@config_option
@_NAME
@click.argument("role", type=click.Choice(_ROLES))
@_FOLDERS
@click.option("--every-folder", is_flag=True, help="Take the limit to folders away.")
def role(config: Path | None, name: str, role: str, folders: tuple[str, ...], every_folder: bool) -> None:
    """Replace a role and, when named, the folders; it holds from the next call on."""
    from ..domain.users import Role

    with opened(config) as runtime:
        changed = runtime.users.set_role(name, Role(role), folders if folders or every_folder else None)
    click.echo(f"user {changed.name}: {changed.role} on {', '.join(changed.folders) or 'every task'}")


def _switch(enabled: bool) -> Callable[..., Any]:
    def switch(config: Path | None, name: str) -> None:
        with opened(config) as runtime:
            runtime.users.enable(name, enabled)
        click.echo(f"user {name}: {'enabled' if enabled else 'disabled, every login ended'}")

    return config_option(_NAME(switch))


users.command("enable", help="Let a user in again.")(_switch(True))
users.command("disable", help="Keep a user out and end every login of theirs.")(_switch(False))


@users.command()
@config_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@_NAME
def delete(config: Path | None, name: str, yes: bool) -> None:
    """Delete a user and end every login of theirs."""
    with opened(config) as runtime:
        found = runtime.users.get(name)
        if not yes:
            click.confirm(f"Delete the user '{found.name}'?", abort=True, err=True)
        runtime.users.delete(found.name)
    click.echo(f"user {found.name}: deleted")


@users.command()
@config_option
def logins(config: Path | None) -> None:
    """List the logins in force, newest first; their tokens are not kept and cannot be shown."""
    from .rendering import moment, table

    with opened(config) as runtime:
        rows = [
            (one.jti, one.user_name, moment(one.issued_at), moment(one.expires_at)) for one in runtime.sessions.list()
        ]
    for line in table(("LOGIN", "USER", "SINCE", "UNTIL"), rows):
        click.echo(line)


@users.command()
@config_option
@_NAME
@click.option("--login", "jti", metavar="LOGIN", help="Only this login, as `logins` lists it.")
def logout(config: Path | None, name: str, jti: str | None) -> None:
    """End every login of a user, or one of them."""
    with opened(config) as runtime:
        found = runtime.users.get(name)
        if jti is None:
            count = runtime.sessions.revoke_all(found)
        else:
            if jti not in [one.jti for one in runtime.sessions.list() if one.user_id == found.id]:
                raise click.ClickException(f"{found.name} has no login '{jti}' in force; see: fdl-trigger users logins")
            runtime.sessions.revoke(jti)
            count = 1
    click.echo(f"user {found.name}: {count} {'login' if count == 1 else 'logins'} ended")


def _password(file: Path | None, generate: bool) -> str:
    if generate:
        from ..core.passwords import generate_password

        if file is not None:
            raise click.UsageError("take either --generate or --password-file")
        return generate_password()
    if file is not None and str(file) != "-":
        with file.open(encoding="utf-8") as stream:
            return stream.readline().rstrip("\r\n")
    if file is None and sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")


def _show(password: str, generated: bool) -> None:
    if generated:
        click.echo(f"password: {password}")
        click.echo("Keep the password now: it is not shown again.", err=True)
