"""`fdl-trigger apps keys`, `rotate-key`, `disable-key`: what applications prove themselves with."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .applications import APPLICATION, apps, find, public_key_option, read_public_key
from .entry import config_option, opened

if TYPE_CHECKING:
    from ..domain.applications import ApplicationKey

__all__ = ["apps"]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d{1,9})([smhd])")


def _seconds(ctx: click.Context, param: click.Parameter, value: str) -> int:
    found = _DURATION.fullmatch(value.strip().lower())
    if found is None:
        raise click.BadParameter("a duration reads like 24h, 30m, 90s or 7d", ctx, param)
    return int(found[1]) * _UNITS[found[2]]


@apps.command("rotate-key")
@config_option
@APPLICATION
@click.option(
    "--expire-old",
    metavar="DURATION",
    default="24h",
    show_default=True,
    callback=_seconds,
    help="How long the key before still lets in; 0s ends it at once.",
)
@public_key_option
def rotate_key(config: Path | None, application: str, expire_old: int, public_key: str | None) -> None:
    """Give an application a new key beside the old one, which expires. A secret is shown this once."""
    with opened(config) as runtime:
        found = find(runtime, application)
        key = runtime.keys.rotate(found.client_id, expire_old_s=expire_old, public_key=read_public_key(public_key))
    click.echo(f"client_id: {found.client_id}")
    click.echo(f"key: {key.id}")
    if found.method != "sm2":
        click.echo(f"secret: {key.secret}")
        click.echo("Keep the secret now: it is not shown again.", err=True)


@apps.command("keys")
@config_option
@APPLICATION
def list_keys(config: Path | None, application: str) -> None:
    """List the keys of an application; secrets are never shown."""
    from ..domain.clock import system_clock
    from .rendering import moment, table

    with opened(config) as runtime:
        keys = runtime.keys.list(find(runtime, application).client_id)
    now = system_clock()
    rows = [(str(key.id), _state(key, now), *map(moment, _times(key))) for key in keys]
    for line in table(("KEY", "STATUS", "CREATED", "EXPIRES", "LAST USED"), rows):
        click.echo(line)


@apps.command("disable-key")
@config_option
@APPLICATION
@click.argument("key", type=int)
def disable_key(config: Path | None, application: str, key: int) -> None:
    """Refuse one key of an application from now on; KEY is its number in `apps keys`."""
    with opened(config) as runtime:
        found = find(runtime, application)
        runtime.keys.disable(found.client_id, key)
    click.echo(f"application {found.name}: key {key} disabled")


def _state(key: "ApplicationKey", now: int) -> str:
    return "disabled" if key.disabled else "live" if key.is_live(now) else "expired"


def _times(key: "ApplicationKey") -> tuple[int | None, int | None, int | None]:
    return key.created_at, key.expires_at, key.last_used_at
