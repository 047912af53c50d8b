"""Bringing the schema up to date: numbered migrations, a backup first, one process at a time."""

import logging
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from playhouse.migrations import Runner

from ..domain.errors import StoreUnavailable
from .database import StoreDatabase
from .locks import FileLock

MIGRATIONS = Path(__file__).parent / "migrations"

logger = logging.getLogger(__name__)


def migrate(database: StoreDatabase, path: Path, backup_directory: Path) -> list[str]:
    """Apply the migrations that are due and return their names.

    A database that holds an older schema is backed up first. Raises StoreUnavailable for one that is newer than
    this program.
    """
    lock = FileLock(path.with_name(path.name + ".migrate.lock"))
    lock.acquire(wait=True)
    try:
        with database.connection_context():
            return _up(Runner(database, str(MIGRATIONS), table_name="fdl_migration"), path, backup_directory)
    finally:
        lock.release()


def _up(runner: Runner, path: Path, backup_directory: Path) -> list[str]:
    known = {migration.name for migration in runner.migrations()}
    applied = set(runner.applied())
    if unknown := sorted(applied - known):
        raise StoreUnavailable(
            f"{path} was written by a newer version of fdl-trigger (it has {unknown[-1]}). "
            "Install that version, or restore a backup made before the upgrade."
        )
    due = sorted(known - applied)
    if due and applied:
        logger.info("backed up the store to %s before %s", backup(path, backup_directory, max(applied)), due[0])
    if due:
        runner.up()
    return due


def backup(path: Path, directory: Path, label: str) -> Path:
    """Copy a live database into the directory, consistent even while it is written, and return the copy's path."""
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / f"{path.stem}-{label}-{time.strftime('%Y%m%d-%H%M%S')}.db"
    copy_to(path, target)
    return target


def copy_to(path: Path, target: Path) -> None:
    """Copy a live database to a file that only its owner may read."""
    target.touch(mode=0o600)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
