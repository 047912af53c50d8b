"""Plans by events, and alarms: what the end of a run, or its absence, sets off."""

import threading
from collections.abc import Iterator

import pytest
from schedule_desk import MINUTE, Desk, at

from fdl_trigger.config import Settings
from fdl_trigger.domain.errors import DefinitionInvalid
from fdl_trigger.domain.flow import Extent, Portion
from fdl_trigger.domain.records import Connection, InstanceFilter
from fdl_trigger.domain.states import State, Trigger
from fdl_trigger.runtime import Runtime

HOOK = {"webhookUrl": "http://127.0.0.1:9/hook", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}


@pytest.fixture
def desk(settings: Settings, clock) -> Iterator[Desk]:
    clock.now = at("2026-03-02T07:30")
    with Runtime(settings, clock=clock, run_engine=False) as runtime:
        desk = Desk(runtime, clock)
        for name in ("first", "second", "orders"):
            desk.task(name)
        yield desk


def _after(desk: Desk, *tasks: str, task: str = "orders", **value: object) -> str:
    document = {"name": "after", "type": "EVENT", "value": {"tasks": list(tasks), **value}}
    return desk.runtime.schedules.save(document, name=task).uid


def _run(desk: Desk, name: str, state: State = State.SUCCEEDED) -> None:
    desk.runtime.instances.execute(name=name)
    desk.end(state)
    desk.turn()


def _clear(desk: Desk) -> None:
    for run in desk.runs():
        desk.runtime.instances.terminate(run.uid)


def test_a_plan_for_all_runs_when_the_last_of_its_tasks_has_succeeded(desk: Desk) -> None:
    uid = _after(desk, "first", "second")
    _run(desk, "first")
    assert desk.runs() == []
    _run(desk, "second")
    [run] = desk.runs()
    assert (run.trigger, run.trigger_by) == (Trigger.EVENT, "after")
    assert [fire.instance_uid for fire in desk.fires(uid)] == [run.uid]
    _clear(desk)
    _run(desk, "second")
    assert len(desk.runs()) == 1, "every run needs all of them anew"


def test_a_plan_for_any_runs_after_each_success(desk: Desk) -> None:
    _after(desk, "first", "second", match="ANY")
    _run(desk, "first")
    _clear(desk)
    _run(desk, "second")
    assert len(desk.runs()) == 2


def test_successes_too_far_apart_do_not_count_together(desk: Desk) -> None:
    _after(desk, "first", "second", withinMinutes=30)
    _run(desk, "first")
    desk.clock.turn(31 * MINUTE)
    _run(desk, "second")
    assert desk.runs() == []
    _run(desk, "first")
    assert len(desk.runs()) == 1


def test_a_failure_takes_back_what_the_task_had_achieved(desk: Desk) -> None:
    _after(desk, "first", "second")
    _run(desk, "first")
    _run(desk, "first", State.FAILED)
    _run(desk, "second")
    assert desk.runs() == []


def test_a_retried_run_counts_unless_the_plan_says_no(desk: Desk) -> None:
    _after(desk, "first", onRetry=False)
    _after(desk, "first", task="second")
    _run(desk, "first", State.FAILED)
    [failed] = desk.runs("first")
    desk.runtime.reruns.retry(failed.uid)
    desk.end()
    desk.turn()
    assert (len(desk.runs()), len(desk.runs("second"))) == (0, 1)


def test_a_run_of_a_part_of_a_flow_is_a_trial_and_does_not_count(desk: Desk) -> None:
    from fdl_trigger.core.orders import Order

    _after(desk, "first")
    desk.runtime.instances.trigger(Order(portion=Portion(Extent.ONLY, "n")), name="first")
    desk.end()
    desk.turn()
    assert desk.runs() == []


def test_an_ending_is_not_lost_when_the_scheduler_is_down(desk: Desk, settings: Settings) -> None:
    _after(desk, "first")
    desk.runtime.instances.execute(name="first")
    desk.end()
    desk.runtime.stop()
    desk.runtime.start()
    Desk(desk.runtime, desk.clock).turn()
    assert len(desk.runs()) == 1
    Desk(desk.runtime, desk.clock).turn()
    assert len(desk.runs()) == 1


def test_a_paused_plan_does_not_run_later_for_what_happened_meanwhile(desk: Desk) -> None:
    uid = _after(desk, "first")
    desk.runtime.schedules.pause(uid, True)
    _run(desk, "first")
    desk.runtime.schedules.pause(uid, False)
    desk.turn()
    assert desk.runs() == []
    assert [fire.cause for fire in desk.fires(uid)] == ["PAUSED"]


@pytest.mark.parametrize(("task", "source"), [("first", "orders"), ("orders", "orders")])
def test_plans_that_would_run_one_another_in_a_circle_are_refused(desk: Desk, task: str, source: str) -> None:
    _after(desk, "first", task="second")
    _after(desk, "second", task="orders")
    with pytest.raises(DefinitionInvalid, match=r"in a circle: .*orders"):
        _after(desk, source, task=task)
    assert len(desk.runtime.schedules.list(name="first")) == 0


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ({"tasks": []}, "value.tasks"),
        ({"tasks": ["nothing"]}, r"value.tasks\[0\]: There is no task"),
        ({"tasks": ["first"], "match": "MOST"}, "value.match"),
        ({"tasks": ["first"], "withinMinutes": 0}, "value.withinMinutes"),
    ],
)
def test_mistakes_in_a_plan_by_events_are_told_with_their_key(desk: Desk, value: dict, key: str) -> None:
    with pytest.raises(DefinitionInvalid, match=key):
        desk.runtime.schedules.save({"name": "after", "type": "EVENT", "value": value}, name="orders")


def _alarmed(desk: Desk, **more: object) -> str:
    channel = Connection("ops", "webhook", HOOK)
    desk.runtime.connections.save(channel)
    return desk.schedule(alarm={"channels": ["ops"], **more})


def _told(desk: Desk) -> list[tuple[str, str, str]]:
    found = desk.runtime.store.notices.newest(10)[::-1]
    return [(one.occasion.value, one.channel, one.document["data"]["message"]) for one in found]


def test_a_due_run_that_still_waits_raises_the_alarm_once(desk: Desk) -> None:
    _alarmed(desk, notRunMinutes=10)
    desk.turn_at("2026-03-02T08:00")
    desk.turn_at("2026-03-02T08:09")
    assert _told(desk) == []
    desk.turn_at("2026-03-02T08:11")
    desk.turn_at("2026-03-02T08:12")
    [(occasion, channel, message)] = _told(desk)
    assert (occasion, channel) == ("late", "ops")
    assert "still waits" in message


def test_a_run_that_began_in_time_raises_no_alarm(desk: Desk) -> None:
    _alarmed(desk, notRunMinutes=10)
    desk.turn_at("2026-03-02T08:00")
    desk.end()
    desk.turn_at("2026-03-02T08:30")
    assert _told(desk) == []


def test_missed_runs_raise_the_alarm_but_a_pause_does_not(desk: Desk) -> None:
    uid = _alarmed(desk, notRunMinutes=10)
    desk.runtime.schedules.pause(uid, True)
    desk.turn_at("2026-03-02T08:00")
    assert _told(desk) == []
    desk.runtime.schedules.pause(uid, False)
    desk.turn_at("2026-03-02T12:30")
    [(occasion, _, message)] = _told(desk)
    assert occasion == "late"
    assert "skipped 4 due runs" in message


def test_a_run_that_takes_too_long_raises_the_alarm_once_while_it_runs(desk: Desk) -> None:
    _alarmed(desk, tooLongMinutes=30)
    desk.turn_at("2026-03-02T08:00")
    claim = desk.claim()
    desk.turn_at("2026-03-02T08:29")
    assert _told(desk) == []
    desk.turn_at("2026-03-02T08:31")
    desk.turn_at("2026-03-02T08:32")
    [(occasion, _, message)] = _told(desk)
    assert (occasion, "30 min" in message) == ("long", True)
    assert desk.runtime.store.notices.newest(1)[0].instance_uid == claim.uid


def test_an_alarm_needs_a_channel_that_exists_and_a_time(desk: Desk) -> None:
    with pytest.raises(DefinitionInvalid, match=r"alarm.channels\[0\]"):
        desk.schedule(alarm={"channels": ["nobody"], "notRunMinutes": 5})
    with pytest.raises(DefinitionInvalid, match=r"alarm\.notRunMinutes"):
        desk.schedule(alarm={"channels": ["ops"]})


def test_the_plans_of_a_task_document_become_schedules_when_it_is_published(desk: Desk) -> None:
    plans = [
        {"name": "nightly", "type": "CRON", "value": {"cron": "0 0 2 * * ?"}, "timeZone": "UTC"},
        {"name": "after", "type": "EVENT", "value": {"tasks": ["first"]}},
    ]
    desk.schedule()
    uid = desk.task("orders", workId=desk.runtime.tasks.get(name="orders").uid, plans=plans)
    listed = desk.runtime.schedules.list(uid=uid)
    assert [(one.name, one.declared) for one in listed] == [("after", True), ("hourly", False), ("nightly", True)]
    before = {one.name: one.revision for one in listed}
    desk.task("orders", workId=uid, plans=plans[:1])
    listed = desk.runtime.schedules.list(uid=uid)
    assert {one.name: one.revision for one in listed} == {name: before[name] for name in ("hourly", "nightly")}
    desk.task("orders", workId=uid)
    assert len(desk.runtime.schedules.list(uid=uid)) == 2


def test_mistakes_in_the_plans_of_a_task_document_are_told_with_their_keys(desk: Desk) -> None:
    plan = {"name": "a", "type": "CRON", "value": {"cron": "0 0 0 30 2 ?"}}
    document = {"workName": "orders", "nodes": [{"id": "n", "type": "VIRTUAL"}]}
    with pytest.raises(DefinitionInvalid, match=r"plans\[0\].value"):
        desk.runtime.tasks.check({**document, "plans": [plan]})
    twice = {**plan, "value": {"cron": "0 0 0 * * ?"}}
    with pytest.raises(DefinitionInvalid, match=r"plans\[1\].name"):
        desk.runtime.tasks.check({**document, "plans": [twice, twice]})


def test_an_engine_runs_one_task_after_another_on_events(runtime: Runtime, publish) -> None:
    publish("first")
    publish("then")
    runtime.schedules.save({"name": "after", "type": "EVENT", "value": {"tasks": ["first"]}}, name="then")
    runtime.instances.execute(name="first")
    for _ in range(100):
        runs = runtime.instances.list(InstanceFilter(), name="then")
        if runs and runs[0].state is State.SUCCEEDED:
            break
        threading.Event().wait(0.05)
    assert [run.state for run in runs] == [State.SUCCEEDED]
