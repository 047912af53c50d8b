"""Each verb is one guarded update: it happens in the state it is meant for, and says whether it did."""

import sqlite3

import pytest

from fdl_trigger.domain.errors import QueueFull
from fdl_trigger.domain.records import LOCAL, Counts, InstanceFilter
from fdl_trigger.domain.states import Overlap, Reason, State
from fdl_trigger.store.journal import NO_ENTRIES
from fdl_trigger.store.store import Store

ME = "this process"
BY = LOCAL.did("test", "test")


def _state(store: Store, uid: str) -> State:
    instance = store.records.by_uid(uid)
    assert instance is not None
    return instance.state


def test_a_new_instance_waits(store: Store, new, clock) -> None:
    created = store.instances.create(new(params={"day": "今天"}), BY)
    instance = store.records.by_uid(created.uid)
    assert instance is not None
    assert (instance.state, instance.attempt, instance.created_at) == (State.WAITING, 0, clock.now)
    assert (instance.params, instance.trigger_by, instance.is_latest) == ({"day": "今天"}, "alice", True)


def test_claiming_takes_the_urgent_first_then_the_older(store: Store, new) -> None:
    ids = [store.instances.create(new(priority=rank, overlap_limit=9), BY).id for rank in (2, 0, 2, 1)]
    claims = store.instances.claim_due(3, ME)
    assert [claim.id for claim in claims] == [ids[1], ids[3], ids[0]]
    assert {claim.attempt for claim in claims} == {1}


def test_claiming_leaves_what_is_not_due_yet(store: Store, new, clock) -> None:
    later = store.instances.create(new(due_at=clock.now + 1000), BY)
    assert store.instances.claim_due(5, ME) == []
    assert store.records.next_due(clock.now) == clock.now + 1000
    clock.turn(1000)
    assert [claim.id for claim in store.instances.claim_due(5, ME)] == [later.id]


def test_claiming_respects_how_many_of_a_task_may_run(store: Store, new) -> None:
    for _ in range(5):
        store.instances.create(new(overlap_limit=2), BY)
    assert len(store.instances.claim_due(5, ME)) == 2
    assert store.instances.claim_due(5, ME) == []


def test_only_one_ending_of_an_attempt_takes_place(store: Store, new) -> None:
    created = store.instances.create(new(), BY)
    (claim,) = store.instances.claim_due(1, ME)
    assert store.instances.succeed(claim, Counts(read=2, inserted=2), NO_ENTRIES)
    assert not store.instances.fail(claim, Reason.ERROR, "late", Counts(), NO_ENTRIES)
    assert not store.instances.terminate(claim, Reason.USER, "late", Counts(), NO_ENTRIES)
    assert not store.instances.retry_later(claim, 0, "late")
    instance = store.records.by_uid(created.uid)
    assert instance is not None
    assert (instance.state, instance.counts.written, instance.message) == (State.SUCCEEDED, 2, None)


def test_a_late_first_attempt_cannot_end_the_second(store: Store, new, clock) -> None:
    created = store.instances.create(new(), BY)
    (first,) = store.instances.claim_due(1, ME)
    assert store.instances.retry_later(first, clock.now, "again")
    (second,) = store.instances.claim_due(1, ME)
    assert (first.attempt, second.attempt) == (1, 2)
    assert not store.instances.succeed(first, Counts(), NO_ENTRIES)
    assert _state(store, created.uid) is State.RUNNING
    assert store.instances.succeed(second, Counts(), NO_ENTRIES)


def test_a_run_whose_stop_was_requested_can_only_end_as_terminated(store: Store, new) -> None:
    created = store.instances.create(new(), BY)
    (claim,) = store.instances.claim_due(1, ME)
    assert store.instances.request_end([created.id], Reason.USER, "enough", BY) == [created.id]
    assert store.instances.request_end([created.id], Reason.USER, "again", BY) == []
    assert not store.instances.succeed(claim, Counts(), NO_ENTRIES)
    assert not store.instances.retry_later(claim, 0, "again")
    assert store.records.stop_requests(ME) == [(created.id, Reason.USER, "enough")]
    assert store.instances.terminate(claim, Reason.USER, "enough", Counts(), NO_ENTRIES)
    assert _state(store, created.uid) is State.TERMINATED


def test_a_final_instance_cannot_be_asked_to_end(store: Store, new) -> None:
    created = store.instances.create(new(), BY)
    (claim,) = store.instances.claim_due(1, ME)
    store.instances.succeed(claim, Counts(), NO_ENTRIES)
    assert store.instances.request_end([created.id], Reason.USER, "late", BY) == []


def test_every_transition_is_an_event(store: Store, new, clock) -> None:
    created = store.instances.create(new(), BY)
    (claim,) = store.instances.claim_due(1, ME)
    store.instances.retry_later(claim, clock.now, "again")
    (claim,) = store.instances.claim_due(1, ME)
    store.instances.fail(claim, Reason.TIMEOUT, "too long", Counts(), NO_ENTRIES)
    events = store.journal.events(created.id)
    assert [(event.old, event.new, event.attempt) for event in events] == [
        (None, State.WAITING, 0),
        (State.WAITING, State.RUNNING, 1),
        (State.RUNNING, State.WAITING, 1),
        (State.WAITING, State.RUNNING, 2),
        (State.RUNNING, State.FAILED, 2),
    ]
    assert (events[-1].reason, events[-1].message) == (Reason.TIMEOUT, "too long")


def test_recovery_loses_what_a_dead_process_ran_and_leaves_ours_alone(store: Store, new) -> None:
    dead = store.instances.create(new(overlap_limit=2), BY)
    store.instances.claim_due(1, "a dead process")
    ours = store.instances.create(new(overlap_limit=2), BY)
    store.instances.claim_due(1, ME)
    assert store.recovery.recover(ME, {}) == (0, 1)
    lost = store.records.by_uid(dead.uid)
    assert lost is not None
    assert (lost.state, lost.reason) == (State.TERMINATED, Reason.LOST)
    assert _state(store, ours.uid) is State.RUNNING


def test_recovery_runs_again_what_its_task_allows_while_attempts_are_left(store: Store, new, task_id) -> None:
    created = store.instances.create(new(), BY)
    for expected in [(1, 0), (0, 1)]:
        store.instances.claim_due(1, "a dead process")
        assert store.recovery.recover(ME, {(task_id, 1): 2}) == expected
    lost = store.records.by_uid(created.uid)
    assert lost is not None
    assert (lost.state, lost.attempt) == (State.TERMINATED, 2)


def test_recovery_honours_a_stop_that_was_requested_before_the_crash(store: Store, new, task_id) -> None:
    created = store.instances.create(new(), BY)
    store.instances.claim_due(1, "a dead process")
    store.instances.request_end([created.id], Reason.USER, "enough", BY)
    store.recovery.recover(ME, {(task_id, 1): 9})
    lost = store.records.by_uid(created.uid)
    assert lost is not None
    assert (lost.state, lost.reason) == (State.TERMINATED, Reason.USER)


def test_the_schema_refuses_an_ending_without_a_time(store: Store, new) -> None:
    created = store.instances.create(new(), BY)
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        store._writer.write(lambda raw: raw.execute("UPDATE instance SET state = 'SUCCEEDED' WHERE id = 1"))
    assert _state(store, created.uid) is State.WAITING


def test_a_dedupe_key_counts_once_a_task(store: Store, new) -> None:
    store.instances.create(new(dedupe_key="2026-11-23T00:00"), BY)
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        store.instances.create(new(dedupe_key="2026-11-23T00:00"), BY)
    store.instances.create(new(dedupe_key="2026-11-23T00:01"), BY)


def test_replacing_ends_the_waiting_and_asks_the_running(store: Store, new) -> None:
    first = store.instances.create(new(), BY)
    store.instances.claim_due(1, ME)
    second = store.instances.create(new(), BY)
    third = store.instances.create(new(overlap=Overlap.REPLACE), BY)
    states = {uid: store.records.by_uid(uid) for uid in (first.uid, second.uid, third.uid)}
    assert [one.apparent_state for one in states.values() if one] == [
        State.TERMINATED,
        State.TERMINATED,
        State.WAITING,
    ]


def test_a_full_queue_refuses_and_room_opens_again(store: Store, new) -> None:
    for _ in range(100):
        store.instances.create(new(overlap_limit=3), BY)
    with pytest.raises(QueueFull, match="100 instances are waiting, the limit is 100"):
        store.instances.create(new(), BY)
    store.instances.claim_due(1, ME)
    store.instances.create(new(), BY)
    assert store.instances.recount() == 100


def test_listing_pages_newest_first_with_filters(store: Store, new, clock, task_id) -> None:
    created = []
    for _ in range(5):
        created.append(store.instances.create(new(overlap_limit=9), BY))
        clock.turn(1000)
    (claim,) = store.instances.claim_due(1, ME)
    store.instances.fail(claim, Reason.BUILD, "no", Counts(), NO_ENTRIES)

    def listed(**filters: object) -> list[int]:
        return [one.id for one in store.records.matching(InstanceFilter(task_id=task_id, **filters))]  # type: ignore[arg-type]

    ids = [one.id for one in created]
    assert listed() == ids[::-1]
    assert listed(limit=2, offset=1) == [ids[3], ids[2]]
    assert listed(since=created[1].at, until=created[2].at) == [ids[2], ids[1]]
    assert listed(outcomes=((State.FAILED, frozenset({Reason.BUILD})),)) == [ids[0]]
    assert listed(outcomes=((State.FAILED, frozenset({Reason.ERROR})),)) == []
    assert listed(outcomes=((State.WAITING, None),)) == ids[:0:-1]
    assert listed(outcomes=()) == []


def test_old_records_are_purged_with_all_that_belongs_to_them(store: Store, new, clock) -> None:
    for _ in range(3):
        store.instances.create(new(), BY)
        (claim,) = store.instances.claim_due(1, ME)
        store.instances.succeed(claim, Counts(), NO_ENTRIES)
        clock.turn(1000)
    waiting = store.instances.create(new(), BY)
    assert store.retention.purge(finished_before=0, keep=2) == 2
    assert store.retention.purge(finished_before=clock.now, keep=100) == 1
    left = store.records.matching(InstanceFilter())
    assert [one.uid for one in left] == [waiting.uid]
    assert store.database.read("SELECT DISTINCT instance_id FROM instance_event") == [(waiting.id,)]
