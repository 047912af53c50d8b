"""The audit log is part of what it records, and shows when somebody has been at it."""

import pytest

from fdl_trigger.domain.audit import AuditEntry, Outcome
from fdl_trigger.domain.errors import QueueFull
from fdl_trigger.domain.records import Principal
from fdl_trigger.store.store import Store

ALICE = Principal("alice", address="10.0.0.7", request_id="r-1")


def test_an_entry_says_who_did_what_from_where_and_when(store: Store, clock) -> None:
    store.audit.record(ALICE.did("task.publish", "订单", version=2))
    (record,) = store.audit.newest()
    assert (record.id, record.at) == (1, clock.now)
    assert record.entry == AuditEntry(
        "alice", "task.publish", "订单", Outcome.DONE, "", "10.0.0.7", "r-1", {"version": 2}
    )
    assert store.audit.of_request("r-1") == [record]


def test_a_trigger_and_its_entry_happen_together_or_not_at_all(store: Store, new) -> None:
    before = len(store.audit.newest())
    created = store.instances.create(new(), ALICE.did("task.execute", "orders"))
    assert store.audit.newest()[0].entry.details == {"recordId": created.uid}
    store.instances._queue_limit = 0
    with pytest.raises(QueueFull):
        store.instances.create(new(), ALICE.did("task.execute", "orders"))
    assert len(store.audit.newest()) == before + 1


def test_an_untouched_chain_verifies(store: Store) -> None:
    for number in range(5):
        store.audit.post(ALICE.did("login", str(number)))
    store.audit.record(ALICE.did("login", "last"))
    found = store.audit.verify()
    assert (found.rows, found.broken) == (6, None)
    assert found.head == store.audit.newest()[0].hash


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit SET actor = 'bob' WHERE id = 2", 2),
        ("UPDATE audit SET at = at + 1 WHERE id = 3", 3),
        ("UPDATE audit SET details = '{}' WHERE id = 1", 1),
        ("DELETE FROM audit WHERE id = 2", 3),
        ("UPDATE audit SET id = 9 WHERE id = 2", 3),
    ],
)
def test_a_touched_chain_names_its_first_broken_row(store: Store, statement: str, broken: int) -> None:
    for number in range(4):
        store.audit.record(ALICE.did("login", "x", number=number))
    store._writer.write(lambda connection: connection.execute(statement))
    assert store.audit.verify().broken == broken


def test_odd_texts_are_kept_short_and_do_not_break_the_chain(store: Store) -> None:
    store.audit.record(AuditEntry("a" * 1_000_000, "login", "\x00 \u202e", Outcome.REFUSED, "r" * 9999))
    assert store.audit.verify().broken is None
    assert len(store.audit.newest()[0].entry.actor) == 512


def test_pages_go_back_in_time(store: Store) -> None:
    for number in range(5):
        store.audit.record(ALICE.did("login", str(number)))
    assert [record.id for record in store.audit.newest(2)] == [5, 4]
    assert [record.id for record in store.audit.newest(2, before=4)] == [3, 2]
    assert store.audit.newest(actor="bob") == []
