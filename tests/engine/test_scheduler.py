"""Schedules become waiting instances: on time, once, or recorded as skipped with a reason."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from schedule_desk import DAY, HOUR, MINUTE, Desk, at

from fdl_trigger.config import Settings
from fdl_trigger.domain.firing import SkipCause
from fdl_trigger.domain.states import Trigger
from fdl_trigger.engine.scheduler import Scheduler
from fdl_trigger.runtime import Runtime
from fdl_trigger.store.store import Store


@pytest.fixture
def desk(settings: Settings, clock) -> Iterator[Desk]:
    clock.now = at("2026-03-02T07:30")
    with Runtime(settings, clock=clock, run_engine=False) as runtime:
        desk = Desk(runtime, clock)
        desk.task("orders")
        yield desk


def test_a_due_schedule_becomes_a_waiting_instance_that_knows_its_due_time(desk: Desk) -> None:
    uid = desk.schedule()
    desk.turn_at("2026-03-02T07:59:59")
    assert desk.runs() == []
    desk.turn_at("2026-03-02T08:00:01")
    [run] = desk.runs()
    assert (run.trigger, run.trigger_by, run.service_date) == (Trigger.SCHEDULE, "hourly", at("2026-03-02T08:00"))
    assert [fire.instance_uid for fire in desk.fires(uid)] == [run.uid]
    assert desk.runtime.schedules.get(uid).next_fire_at == at("2026-03-02T09:00")
    assert desk.runtime.schedules.get(uid).last_fire_at == at("2026-03-02T08:00")


def test_a_run_knows_whether_its_schedule_was_paused_since(desk: Desk) -> None:
    uid = desk.schedule()
    desk.turn_at("2026-03-02T08:00:01")
    [run] = desk.runs()
    assert not desk.runtime.store.fires.is_paused(run.uid)
    desk.runtime.schedules.pause(uid, True)
    assert desk.runtime.store.fires.is_paused(run.uid)
    assert not desk.runtime.store.fires.is_paused("nobody")


def test_what_was_missed_is_skipped_and_recorded_as_one_stretch(desk: Desk) -> None:
    uid = desk.schedule()
    desk.turn_at("2026-03-04T08:00:30")
    assert desk.service_dates() == [at("2026-03-04T08:00")]
    [skipped, run] = desk.fires(uid)
    assert (skipped.cause, skipped.fire_at, skipped.count) == (SkipCause.MISFIRE, at("2026-03-02T08:00"), 48)
    assert "missed" in skipped.reason
    assert run.fire_at == at("2026-03-04T08:00")


def test_fire_once_makes_up_the_last_missed_fire_only(desk: Desk) -> None:
    uid = desk.schedule(misfire="FIRE_ONCE")
    desk.turn_at("2026-03-02T12:30")
    assert desk.service_dates() == [at("2026-03-02T12:00")]
    assert [(fire.cause, fire.count) for fire in desk.fires(uid)] == [(SkipCause.MISFIRE, 4), (None, 1)]


def test_fire_all_makes_up_every_missed_fire_up_to_its_cap(desk: Desk) -> None:
    uid = desk.schedule(misfire="FIRE_ALL", misfireLimit=3)
    desk.turn_at("2026-03-02T12:30")
    assert desk.service_dates() == [at(f"2026-03-02T{hour:02}:00") for hour in (8, 9, 10)]
    assert next((fire.cause, fire.count) for fire in desk.fires(uid)) == (SkipCause.MISFIRE, 2)


def test_a_year_of_outage_neither_hangs_nor_floods(desk: Desk) -> None:
    uid = desk.schedule(type="CRON", value={"cron": "0 * * * * ?"}, misfire="FIRE_ONCE")
    desk.clock.now += 400 * DAY
    desk.turn()
    assert len(desk.runs()) == 2  # the last one missed and the one on time
    assert desk.fires(uid)[0].count == 1_000


def test_a_clock_that_is_set_back_runs_nothing_twice_and_does_not_wait_for_the_future(desk: Desk) -> None:
    uid = desk.schedule()
    desk.turn_at("2026-03-02T08:00")
    desk.turn_at("2027-03-02T08:00:10")
    desk.turn_at("2026-03-02T07:45")
    assert desk.runtime.schedules.get(uid).next_fire_at == at("2026-03-02T08:00")
    desk.turn_at("2026-03-02T08:00")
    desk.turn_at("2026-03-02T09:00")
    dates = [at("2026-03-02T08:00"), at("2027-03-02T08:00"), at("2026-03-02T09:00")]
    assert desk.service_dates() == dates


def test_a_schedule_that_seemed_to_have_ended_goes_on_when_the_clock_is_set_right_again(desk: Desk) -> None:
    uid = desk.schedule(end="2026-12-31T00:00:00")
    desk.turn_at("2027-03-02T08:00")
    assert desk.runtime.schedules.get(uid).next_fire_at is None
    desk.turn_at("2026-03-02T07:45")
    desk.turn_at("2026-03-02T08:00")
    assert desk.service_dates() == [at("2026-03-02T08:00")]


def test_two_schedulers_on_one_store_never_double(desk: Desk) -> None:
    desk.schedule()
    other = Scheduler(desk.runtime.store, desk.clock)
    desk.clock.now = at("2026-03-02T08:00")
    due = desk.runtime.store.fires.due(desk.clock.now, 10)
    mine, theirs = ([one._settlement(record, desk.clock.now) for record in due] for one in (desk.scheduler, other))
    assert desk.runtime.store.fires.settle(mine) == 1
    assert desk.runtime.store.fires.settle(theirs) == 0
    assert len(desk.runs()) == 1


def test_two_processes_that_schedule_one_store_never_double(desk: Desk, settings: Settings) -> None:
    desk.schedule(type="CRON", value={"cron": "0 * * * * ?"})
    with Runtime(settings, clock=desk.clock, run_engine=False) as second:
        other = Scheduler(second.store, desk.clock)
        for _ in range(30):
            desk.clock.turn(MINUTE)
            desk.scheduler.turn()
            other.turn()
    assert len(desk.service_dates()) == len(set(desk.service_dates())) == 30


@pytest.mark.parametrize("level", ["schedule", "task", "all"])
def test_what_is_due_during_a_pause_is_skipped_and_does_not_come_later(desk: Desk, level: str) -> None:
    uid = desk.schedule()
    schedules = desk.runtime.schedules

    def pause(paused: bool) -> None:
        if level == "schedule":
            schedules.pause(uid, paused)
        elif level == "task":
            schedules.pause_task(paused, name="orders")
        else:
            schedules.pause_all(paused)

    pause(True)
    for hour in ("08", "09", "10"):
        desk.turn_at(f"2026-03-02T{hour}:00")
    pause(False)
    desk.turn_at("2026-03-02T11:00")
    assert desk.service_dates() == [at("2026-03-02T11:00")]
    [held, _] = desk.fires(uid)
    assert (held.cause, held.count, held.last_at) == (SkipCause.PAUSED, 3, at("2026-03-02T10:00"))
    assert "paused" in held.reason


def test_a_task_that_refuses_the_trigger_has_its_fires_recorded_with_the_reason(desk: Desk) -> None:
    uid = desk.schedule()
    desk.runtime.tasks.enable(name="orders", enabled=False)
    desk.turn_at("2026-03-02T08:00")
    assert desk.runs() == []
    [skipped] = desk.fires(uid)
    assert (skipped.cause, "disabled" in skipped.reason) == (SkipCause.REFUSED, True)


def test_a_run_that_is_still_there_keeps_a_skipping_task_from_running_again(desk: Desk) -> None:
    desk.task("single", control={"instancePolicy": "skip"})
    uid = desk.schedule("single")
    desk.turn_at("2026-03-02T08:00")
    desk.turn_at("2026-03-02T09:00")
    assert [fire.cause for fire in desk.fires(uid)] == [None, SkipCause.REFUSED]


def test_a_schedule_ends_after_its_number_of_runs(desk: Desk) -> None:
    uid = desk.schedule(type="SIMPLE", value={"interval": 1, "period": "HOUR"}, start="2026-03-02T08:00:00", runs=2)
    for hour in ("08", "09", "10", "11"):
        desk.turn_at(f"2026-03-02T{hour}:00")
    assert len(desk.runs()) == 2
    assert desk.runtime.schedules.get(uid).next_fire_at is None


def test_schedules_of_a_deleted_task_rest_and_come_back_with_it(desk: Desk) -> None:
    desk.schedule()
    task = desk.runtime.tasks.get(name="orders")
    desk.runtime.tasks.delete(name="orders")
    desk.turn_at("2026-03-02T08:00")
    assert desk.runtime.schedules.list() == []
    desk.task("orders", workId=task.uid)
    desk.turn_at("2026-03-02T09:00")
    assert desk.service_dates() == [at("2026-03-02T09:00")]


def test_a_disabled_schedule_is_never_due(desk: Desk) -> None:
    uid = desk.schedule(enabled=False)
    desk.turn_at("2026-03-02T08:00")
    assert (desk.runs(), desk.fires(uid)) == ([], [])


def test_a_change_counts_from_now(desk: Desk) -> None:
    uid = desk.schedule()
    desk.schedule(value={"cron": "0 15 * * * ?"})
    assert desk.runtime.schedules.get(uid).next_fire_at == at("2026-03-02T08:15")


def test_a_schedule_that_can_no_longer_be_read_is_given_up_with_its_reason(desk: Desk) -> None:
    uid = desk.schedule()
    desk.runtime.store._writer.write(
        lambda connection: connection.execute('UPDATE schedule SET document = \'{"name": "hourly"}\'')
    )
    desk.turn_at("2026-03-02T08:00")
    [broken] = desk.fires(uid)
    assert (broken.cause, "type" in broken.reason) == (SkipCause.BROKEN, True)
    assert desk.runtime.store.fires.next_due() is None


def test_the_record_of_fires_is_kept_in_bounds(desk: Desk) -> None:
    uid = desk.schedule()
    for hour in range(8, 20):
        desk.turn_at(f"2026-03-02T{hour:02}:00")
    desk.runtime.store.fires.purge(before=0, keep=5)
    assert len(desk.fires(uid)) == 5
    desk.runtime.store.fires.purge(before=desk.clock.now + HOUR)
    assert desk.fires(uid) == []


def test_the_loop_wakes_for_changes_and_sleeps_otherwise(store: Store, settings: Settings) -> None:
    settings = replace(settings, store=replace(settings.store, path=str(store.path) + "2"))
    with Runtime(settings, run_engine=False) as runtime:
        turns = []
        scheduler = Scheduler(runtime.store, lambda: turns.append(1) or round(time.time() * 1000))  # type: ignore[func-returns-value]
        scheduler.start()
        desk = Desk(runtime, scheduler._clock)
        desk.task("orders")
        begun = time.monotonic()
        due = round(time.time() * 1000) + 300
        desk.schedule(type="ONCE", value={}, start=due)
        while not desk.runs() and time.monotonic() - begun < 5:
            time.sleep(0.01)
        scheduler.stop()
        [run] = desk.runs()
        assert 0 <= run.created_at - (run.service_date or 0) < 500
        assert len(turns) < 100
