"""Keys in the store: moved by the upgrade, rotated, used, kept from readers."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from peewee import SqliteDatabase

from fdl_trigger.domain.applications import Application, ApplicationKey
from fdl_trigger.domain.errors import StoreUnavailable
from fdl_trigger.domain.records import LOCAL
from fdl_trigger.store import schema
from fdl_trigger.store.store import Store
from fdl_trigger.store.vault import Vault

BY = LOCAL.did("test", "test")
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def _add(store: Store, client_id: str = "id", text: str = "first") -> Application:
    store.applications.add(Application(0, client_id, "reports", "aksk", keys=(ApplicationKey(text),)), BY)
    return next(one for one in store.applications.all() if one.client_id == client_id)


def _store(directory: Path, clock, key: str = "") -> Store:
    return Store(directory / "s.db", directory / "s.key", directory / "backups", clock, 10, key)


def test_a_store_made_before_keys_is_upgraded_with_its_secrets(tmp_path: Path, clock, monkeypatch) -> None:
    old = tmp_path / "migrations"
    old.mkdir()
    for name in ("0001_initial.py", "0002_audit.py"):
        (old / name).write_text((schema.MIGRATIONS / name).read_text())
    vault = Vault.open(tmp_path / "s.key", may_create=True)
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", old)
        database = SqliteDatabase(tmp_path / "s.db", pragmas={"journal_mode": "wal", "foreign_keys": 1})
        assert schema.migrate(database, tmp_path / "s.db", tmp_path / "backups") == ["0001_initial", "0002_audit"]
    columns = "client_id, name, method, secret, digest_algorithm, digest_timeout_s, rate, origins, enabled, created_at"
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection, connection:
        for client_id, method, secret in (("a", "aksk", "canary-a"), ("p", "page", None), ("b", "digest", "canary-b")):
            sealed = secret and vault.encrypt(secret, f"application {client_id}")
            values = (client_id, client_id, method, sealed, "MD5", 300, None, "[]", 1, 1234)
            connection.execute(f"INSERT INTO application ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        connection.execute("INSERT INTO access_grant (application_id, operation) VALUES (1, 'execute')")
    store = _store(tmp_path, clock)
    assert "0003_keys" in store.open()
    found = {one.client_id: one for one in store.applications.all()}
    store.close()
    assert [found[name].secret for name in "apb"] == ["canary-a", None, "canary-b"]
    assert (found["a"].keys[0].created_at, found["a"].keys[0].expires_at) == (1234, None)
    assert len(found["a"].grants) == 1
    assert (found["a"].once, found["a"].bound, found["a"].operators) == (False, False, ())
    assert len(list((tmp_path / "backups").iterdir())) == 1


def test_a_rotated_key_lives_on_until_its_time_and_no_third_one_does(store: Store, clock) -> None:
    one = _add(store)
    store.keys.rotate(one.id, one.client_id, "second", clock.now + 1000, BY)
    [found] = store.applications.all()
    assert [key.secret for key in found.live_keys(clock.now)] == ["first", "second"]
    assert found.secret == "second"
    assert [key.secret for key in found.live_keys(clock.now + 1000)] == ["second"]
    store.keys.rotate(one.id, one.client_id, "third", clock.now + 5000, BY)
    [found] = store.applications.all()
    assert [key.secret for key in found.live_keys(clock.now)] == ["second", "third"]
    assert [key.expires_at for key in found.keys] == [clock.now, clock.now + 5000, None]


def test_a_disabled_key_does_not_come_back_and_does_not_count(store: Store, clock) -> None:
    one = _add(store)
    second = store.keys.rotate(one.id, one.client_id, "second", clock.now + 1000, BY)
    store.keys.disable(second, BY)
    [found] = store.applications.all()
    assert [key.secret for key in found.live_keys(clock.now)] == ["first"]
    assert found.secret == "first"
    assert store.audit.newest()[0].entry.action == "test"


def test_the_last_use_is_written_once_a_minute_and_when_the_store_closes(store: Store, clock, tmp_path: Path) -> None:
    one = _add(store)
    number = one.keys[0].id

    def written() -> int | None:
        store.ping()
        return store.keys.of(one.id)[0].last_used_at

    version = store.catalog.current().version
    start = clock.now
    assert written() is None
    store.keys.used(number)
    assert written() == start
    for _ in range(3):
        clock.turn(10_000)
        store.keys.used(number)
    assert written() == start
    store.keys.flush()
    assert written() == start + 30_000
    clock.turn(60_000)
    store.keys.used(number)
    assert written() == start + 90_000
    clock.turn(-1_000_000)
    store.keys.used(number)
    assert written() == start + 90_000, "a clock set back does not undo a use"
    assert store.catalog.current().version == version, "a use makes nobody read the catalog anew"


def test_a_used_signature_is_remembered_over_a_restart_and_forgotten_in_time(tmp_path: Path, clock) -> None:
    store = _store(tmp_path, clock)
    store.open()
    one = _add(store)
    assert store.used_signs.spend(one.id, "abc", clock.now + 1000)
    store.close()
    store.open()
    assert not store.used_signs.spend(one.id, "abc", clock.now + 1000)
    other = _add(store, "other")
    assert store.used_signs.spend(other.id, "abc", clock.now + 1000)
    clock.turn(1001)
    for number in range(3):
        assert store.used_signs.spend(one.id, f"new {number}", clock.now + 1000)
    left = store.database.read("SELECT sign FROM used_sign ORDER BY sign")
    store.close()
    assert [sign for (sign,) in left] == ["new 0", "new 1", "new 2"]


def test_deleting_an_application_deletes_its_keys_and_used_signatures(store: Store, clock) -> None:
    one = _add(store)
    store.used_signs.spend(one.id, "abc", clock.now)
    store.applications.delete(one.id, BY)
    for table in ("application_key", "used_sign"):
        assert store.database.read(f"SELECT count(*) FROM {table}") == [(0,)]


def test_the_master_key_may_come_as_a_setting_instead_of_a_file(tmp_path: Path, clock) -> None:
    store = _store(tmp_path, clock, KEY)
    store.open()
    _add(store, text="canary")
    store.close()
    assert not (tmp_path / "s.key").exists()
    store = _store(tmp_path, clock, KEY)
    store.open()
    assert store.applications.all()[0].secret == "canary"
    store.close()
    for wrong in ("bm90IHRoaXJ0eSB0d28=", "***", "A" * 43 + "="):
        with pytest.raises(StoreUnavailable):
            _store(tmp_path, clock, wrong).open()
    with pytest.raises(StoreUnavailable, match="is missing, and the store holds secrets"):
        _store(tmp_path, clock).open()
    (tmp_path / "s.key").write_text(KEY + "\n")
    store = _store(tmp_path, clock)
    store.open()
    assert store.applications.all()[0].secret == "canary"
    store.close()
