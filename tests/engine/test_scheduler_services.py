"""What one may ask of schedules, and who may."""

from collections.abc import Iterator

import pytest
from schedule_desk import Desk, at

from fdl_trigger.config import Settings
from fdl_trigger.domain.errors import InvalidParameter, ObjectNotFound, PermissionDenied, TaskNotFound
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Grant, Principal
from fdl_trigger.runtime import Runtime

HOURLY = {"name": "mine", "type": "CRON", "value": {"cron": "0 0 * * * ?"}}


@pytest.fixture
def desk(settings: Settings, clock) -> Iterator[Desk]:
    clock.now = at("2026-03-02T07:30")
    with Runtime(settings, clock=clock, run_engine=False) as runtime:
        desk = Desk(runtime, clock)
        desk.task("orders")
        desk.task("stock", folder="/stock")
        yield desk


def test_a_missing_holiday_table_is_warned_of(desk: Desk) -> None:
    uid = desk.schedule(calendar={"type": "CHINA"})
    desk.clock.now = at("2080-06-01T00:00")
    warnings = desk.runtime.schedules.warnings(desk.runtime.schedules.get(uid))
    assert any("2080" in warning for warning in warnings)


def test_the_preview_has_the_number_of_times_that_is_asked_for(desk: Desk) -> None:
    uid = desk.schedule()
    assert desk.runtime.schedules.preview(uid, n=2) == [at("2026-03-02T08:00"), at("2026-03-02T09:00")]
    assert len(desk.runtime.schedules.preview(uid)) == 100
    with pytest.raises(InvalidParameter):
        desk.runtime.schedules.preview(uid, n=0)
    with pytest.raises(InvalidParameter):
        desk.runtime.schedules.simulate(uid, 2, 1)


def test_saving_the_same_again_changes_nothing(desk: Desk) -> None:
    uid = desk.schedule()
    before = desk.runtime.schedules.get(uid)
    desk.clock.turn(60_000)
    assert desk.schedule() == uid
    assert desk.runtime.schedules.get(uid) == before


def test_whoever_may_read_one_folder_sees_its_schedules_only(desk: Desk) -> None:
    desk.schedule()
    uid = desk.schedule("stock")
    reader = Principal("reader", (Grant(Operation.READ, folder="/stock"),))
    schedules = desk.runtime.schedules
    assert [one.uid for one in schedules.list(principal=reader)] == [uid]
    assert schedules.get(uid, reader).uid == uid
    other = schedules.list(name="orders")[0].uid
    with pytest.raises(ObjectNotFound):
        schedules.get(other, reader)
    with pytest.raises(TaskNotFound):
        schedules.list(name="orders", principal=reader)
    for forbidden in (
        lambda: schedules.save(HOURLY, name="stock", principal=reader),
        lambda: schedules.pause(uid, True, reader),
        lambda: schedules.pause_task(True, name="stock", principal=reader),
        lambda: schedules.pause_all(True, reader),
        lambda: schedules.delete(uid, reader),
    ):
        with pytest.raises(PermissionDenied):
            forbidden()


def test_every_change_is_in_the_audit_log(desk: Desk) -> None:
    uid = desk.schedule()
    desk.runtime.schedules.pause(uid, True)
    desk.runtime.schedules.delete(uid)
    actions = [record.entry.action for record in desk.runtime.store.audit.newest(3)]
    assert actions == ["schedule.delete", "schedule.pause", "schedule.save"]
    with pytest.raises(ObjectNotFound):
        desk.runtime.schedules.get(uid)
