"""`fdl-trigger backup`."""

from pathlib import Path

import click

from .entry import config_option, load_settings


@click.command()
@config_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(config: Path | None, file: Path) -> None:
    """Copy the store to FILE while it is in use. Keep the key file with it: without it, secrets cannot be read."""
    settings = load_settings(config)
    store = Path(settings.store.path)
    if not store.is_file():
        raise click.ClickException(f"there is no store at {store}")
    if file.exists():
        raise click.ClickException(f"{file} exists already")
    _copy(store, file)
    click.echo(f"copied {store} to {file}; its key file is {settings.store.key_path}")


def _copy(store: Path, file: Path) -> None:
    import sqlite3

    from ..store.schema import copy_to

    try:
        copy_to(store, file)
    except (OSError, sqlite3.Error) as error:
        file.unlink(missing_ok=True)
        raise click.ClickException(f"{store} cannot be copied to {file}: {error}") from error
