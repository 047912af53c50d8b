"""Nonces that count once without anybody waiting for the disk."""

import threading

import pytest

from fdl_trigger.domain.applications import Application
from fdl_trigger.domain.records import LOCAL
from fdl_trigger.store.used_signs import GENERATION_MS


@pytest.fixture(autouse=True)
def applications(store):
    """Two applications, numbered 1 and 2."""
    for name in ("one", "two"):
        store.applications.add(Application(0, name, name, "aksk"), LOCAL.did("test", "test"))


def test_a_nonce_is_taken_once_and_known_after_a_restart(store, clock):
    assert store.used_signs.take(1, "a", clock.now + 1000)
    assert not store.used_signs.take(1, "a", clock.now + 1000)
    assert store.used_signs.take(2, "a", clock.now + 1000)
    store.close()
    store.open()
    assert not store.used_signs.take(1, "a", clock.now + 1000)
    clock.now += 1001
    assert store.used_signs.take(1, "a", clock.now + 1000)


def test_it_is_on_disk_before_what_is_written_next(store, clock):
    for number in range(20):
        store.used_signs.take(1, f"n{number}", clock.now + 1000)
    store.ping()
    assert store.database.read("SELECT count(*) FROM used_sign") == [(20,)]


def test_it_is_known_when_memory_has_forgotten_it(store, clock):
    assert store.used_signs.take(1, "a", clock.now + 10 * GENERATION_MS)
    store.ping()
    for number in range(5):
        clock.now += GENERATION_MS
        assert store.used_signs.take(1, f"n{number}", clock.now + 1)
        assert not store.used_signs.take(1, "a", clock.now + 10 * GENERATION_MS)


def test_of_many_at_once_one_is_first(store, clock):
    found = []
    start = threading.Barrier(8)

    def take():
        start.wait()
        found.append(store.used_signs.take(1, "same", clock.now + 1000))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [False] * 7 + [True]


def test_an_application_that_is_gone_takes_no_other_nonce_with_it(store, clock):
    assert store.used_signs.take(99, "a", clock.now + 1000)
    assert store.used_signs.take(1, "a", clock.now + 1000)
    store.ping()
    assert store.database.read("SELECT application_id FROM used_sign") == [(1,)]
