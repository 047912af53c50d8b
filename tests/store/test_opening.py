"""Opening a store: migrations once, a backup before an upgrade, keys of its own, one engine."""

import multiprocessing
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from fdl_trigger.domain.applications import Application, ApplicationKey
from fdl_trigger.domain.errors import StoreUnavailable
from fdl_trigger.domain.records import LOCAL, Connection
from fdl_trigger.store import schema
from fdl_trigger.store.catalog import FRESH_MS
from fdl_trigger.store.store import Store
from fdl_trigger.store.vault import Vault

BY = LOCAL.did("test", "test")


def _store(directory: Path, clock) -> Store:
    return Store(directory / "s.db", directory / "s.key", directory / "backups", clock, 10)


def _open_and_close(directory: str) -> None:
    store = _store(Path(directory), lambda: 0)
    store.open()
    store.close()


def test_the_schema_is_made_once(tmp_path: Path, clock) -> None:
    store = _store(tmp_path, clock)
    assert store.open() == [file.stem for file in sorted(schema.MIGRATIONS.glob("0*.py"))]
    store.close()
    assert store.open() == []
    store.close()
    assert not (tmp_path / "backups").exists()


def test_five_processes_may_open_a_new_store_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_open_and_close, args=(str(tmp_path),)) for _ in range(5)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 5


def test_an_upgrade_makes_a_backup_first(tmp_path: Path, clock, monkeypatch) -> None:
    _open_and_close(str(tmp_path))
    migrations = tmp_path / "migrations"
    migrations.mkdir()
    for file in schema.MIGRATIONS.glob("0*.py"):
        (migrations / file.name).write_text(file.read_text())
    (migrations / "9001_next.py").write_text("def up(migrator, db):\n    db.execute_sql('CREATE TABLE next (x)')\n")
    monkeypatch.setattr(schema, "MIGRATIONS", migrations)
    store = _store(tmp_path, clock)
    assert store.open() == ["9001_next"]
    store.close()
    (backup,) = (tmp_path / "backups").iterdir()
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with closing(sqlite3.connect(backup)) as copy:
        assert copy.execute("SELECT count(*) FROM sqlite_master WHERE name = 'next'").fetchone() == (0,)
        assert copy.execute("SELECT count(*) FROM sqlite_master WHERE name = 'instance'").fetchone() == (1,)
    monkeypatch.undo()
    with pytest.raises(StoreUnavailable, match="newer version"):
        _store(tmp_path, clock).open()


def test_a_store_that_cannot_be_opened_says_which_and_why(tmp_path: Path, clock) -> None:
    (tmp_path / "s.db").write_text("this is not a database, it is a long enough text to be taken for a header" * 20)
    with pytest.raises(StoreUnavailable, match=r"s\.db cannot be opened: file is not a database"):
        _store(tmp_path, clock).open()


def test_only_one_process_may_run_the_engine(tmp_path: Path, clock) -> None:
    first, second = _store(tmp_path, clock), _store(tmp_path, clock)
    first.open()
    second.open()
    assert first.own_engine()
    assert not second.own_engine()
    first.close()
    assert second.own_engine()
    second.close()


def test_changes_of_another_process_are_seen_within_a_fifth_of_a_second(tmp_path: Path, clock) -> None:
    first, second = _store(tmp_path, clock), _store(tmp_path, clock)
    first.open()
    second.open()
    assert first.catalog.current().connections == {}
    second.connections.save(Connection("target", "sqlite", {"path": "x.db"}), BY)
    assert list(second.catalog.current().connections) == ["target"], "one's own changes are seen at once"
    assert first.catalog.current().connections == {}
    clock.turn(FRESH_MS)
    assert list(first.catalog.current().connections) == ["target"]
    first.close()
    second.close()


def test_secrets_do_not_lie_in_the_files_in_clear(tmp_path: Path, clock) -> None:
    store = _store(tmp_path, clock)
    store.open()
    store.applications.add(Application(0, "id", "n", "aksk", keys=(ApplicationKey("canary-one"),)), BY)
    store.connections.save(Connection("c", "api", {"authorization": {"type": "BEARER", "token": "canary-two"}}), BY)
    store.backup(tmp_path / "copy.db")
    assert store.applications.all()[0].secret == "canary-one"
    assert store.connections.all()[0].settings["authorization"]["token"] == "canary-two"
    store.close()
    for file in tmp_path.glob("*.db*"):
        assert b"canary" not in file.read_bytes()


def test_the_key_file_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "key"
    sealed = Vault.open(path, may_create=True).encrypt("secret", "application x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Vault.open(path, may_create=False).decrypt(sealed, "application x") == "secret"


def test_a_secret_opens_only_with_its_key_and_in_its_place(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path / "key", may_create=True)
    sealed = vault.encrypt("secret", "application x")
    for other, context in (
        (Vault.open(tmp_path / "other", may_create=True), "application x"),
        (vault, "application y"),
    ):
        with pytest.raises(StoreUnavailable, match="cannot be read with this key"):
            other.decrypt(sealed, context)


def test_a_lost_key_file_is_said_so_and_never_replaced_while_secrets_need_it(tmp_path: Path, clock) -> None:
    store = _store(tmp_path, clock)
    store.open()
    store.connections.save(Connection("c", "sqlite", {"path": "x.db"}), BY)
    store.close()
    (tmp_path / "s.key").rename(tmp_path / "elsewhere")
    with pytest.raises(StoreUnavailable, match="is missing, and the store holds secrets"):
        _store(tmp_path, clock).open()
    assert not (tmp_path / "s.key").exists()


def test_the_store_is_readable_for_its_owner_only(tmp_path: Path, clock) -> None:
    store = _store(tmp_path, clock)
    store.open()
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("s.db*") if "lock" not in file.name}
    store.close()
    assert set(modes.values()) == {0o600}
