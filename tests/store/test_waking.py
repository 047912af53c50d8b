"""The dispatcher is woken when there may be something to claim, and left alone otherwise."""

from fdl_trigger.domain.records import LOCAL, Counts
from fdl_trigger.domain.states import Overlap, Reason
from fdl_trigger.store.journal import NO_ENTRIES
from fdl_trigger.store.store import Store

ME = "this process"
BY = LOCAL.did("test", "test")


def _is_woken(store: Store) -> bool:
    return store.signals.work.take()


def test_a_trigger_wakes_the_dispatcher_while_its_task_has_room(store: Store, new) -> None:
    store.instances.create(new(overlap_limit=2), BY)
    assert _is_woken(store)
    store.instances.claim_due(1, ME)
    store.instances.create(new(overlap_limit=2), BY)
    assert _is_woken(store)
    store.instances.claim_due(1, ME)
    store.instances.create(new(overlap_limit=2), BY)
    assert not _is_woken(store)


def test_the_ending_that_makes_room_wakes_the_dispatcher(store: Store, new) -> None:
    first, _ = store.instances.create(new(), BY), _is_woken(store)
    (claim,) = store.instances.claim_due(1, ME)
    second = store.instances.create(new(), BY)
    assert not _is_woken(store)
    assert store.instances.succeed(claim, Counts(), NO_ENTRIES)
    assert _is_woken(store)
    assert [claim.id for claim in store.instances.claim_due(1, ME)] == [second.id] != [first.id]


def test_a_run_that_waits_again_makes_room(store: Store, new, clock) -> None:
    store.instances.create(new(), BY)
    (claim,) = store.instances.claim_due(1, ME)
    assert store.instances.retry_later(claim, clock.now + 1000, "failed")
    _is_woken(store)
    store.instances.create(new(), BY)
    assert _is_woken(store)


def test_a_stop_request_wakes_the_dispatcher_and_says_what_for(store: Store, new) -> None:
    created = store.instances.create(new(), BY)
    store.instances.claim_due(1, ME)
    _is_woken(store)
    assert not store.signals.stops.take()
    store.instances.request_end([created.id], Reason.USER, "enough", BY)
    assert _is_woken(store)
    assert store.signals.stops.take()
    assert not store.signals.stops.take()


def test_a_trigger_that_replaces_a_run_has_it_stopped(store: Store, new) -> None:
    store.instances.create(new(), BY)
    store.instances.claim_due(1, ME)
    _is_woken(store)
    store.instances.create(new(overlap=Overlap.REPLACE), BY)
    assert _is_woken(store)
    assert store.signals.stops.take()


def test_what_runs_is_counted_anew_from_the_store(store: Store, new) -> None:
    store.instances.create(new(), BY)
    store.instances.claim_due(1, ME)
    store.instances.recount()
    _is_woken(store)
    store.instances.create(new(), BY)
    assert not _is_woken(store)
