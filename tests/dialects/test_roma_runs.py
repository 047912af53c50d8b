"""What becomes of due firings, told as run records."""

import pytest
from roma_gateway import FDI, START, opened

from fdl_trigger.engine.scheduler import Scheduler

MINUTE = 60_000


@pytest.fixture
def gateway(tmp_path):
    with opened(tmp_path / "store.db") as gateway:
        yield gateway


@pytest.fixture
def scheduler(gateway):
    """The scheduler, turned by hand."""
    return Scheduler(gateway.runtime.store, gateway.clock)


def started(gateway, **changes):
    task = gateway.create(cron="0 * * * * ?", **changes)
    return gateway.act(task["id"], "start")


def runs(gateway, task, **query):
    status, answer = gateway.call("GET", f"/api-tasks/{task['id']}/executions", query=query)
    assert status == 200
    return answer


def test_a_due_firing_is_a_run(gateway, scheduler):
    task = started(gateway)
    gateway.clock.now = task["next_fire_time"]
    scheduler.turn()
    [run] = runs(gateway, task)["executions"]
    assert (run["trigger"], run["status"], run["scheduled_time"]) == ("CRON", "WAITING", task["next_fire_time"])


def test_a_firing_while_the_run_before_goes_on_is_skipped(gateway, scheduler):
    task = started(gateway)
    for _ in range(2):
        gateway.clock.now += MINUTE
        scheduler.turn()
    answer = runs(gateway, task)
    assert [run["status"] for run in answer["executions"]] == ["SKIPPED", "WAITING"]
    assert answer["executions"][0]["attempts"] == []
    assert runs(gateway, task, status="SKIPPED")["total"] == 1
    assert runs(gateway, task, limit=1, offset=1)["executions"] == answer["executions"][1:]


def test_missed_firings_are_one_record_with_their_number(gateway, scheduler):
    task = started(gateway)
    gateway.clock.now += 61 * MINUTE
    scheduler.turn()
    [missed] = runs(gateway, task, status="MISSED")["executions"]
    assert missed["count"] >= 59
    assert len(runs(gateway, task)["executions"]) == 2


def test_a_task_that_is_not_started_has_no_runs(gateway, scheduler):
    initialized = gateway.create(name="first")
    stopped = started(gateway, name="second")
    gateway.act(stopped["id"], "stop")
    for _ in range(3):
        gateway.clock.now += 10 * MINUTE
        scheduler.turn()
    assert runs(gateway, initialized)["total"] == runs(gateway, stopped)["total"] == 0


def test_a_restart_of_a_task_makes_up_for_nothing(gateway, scheduler):
    task = started(gateway)
    gateway.act(task["id"], "stop")
    gateway.clock.now = START + 600 * MINUTE
    gateway.act(task["id"], "start")
    scheduler.turn()
    assert runs(gateway, task)["total"] == 0


@pytest.fixture
def plain(gateway):
    document = {"workName": "plain", "nodes": [{"id": "n", "type": "VIRTUAL"}]}
    return gateway.runtime.tasks.publish(uid=gateway.runtime.tasks.save(document).uid).uid


@pytest.mark.parametrize(
    ("dispatch", "reason"),
    [
        ({}, "period"),
        ({"use_quartz_cron": True}, "cron"),
        ({"use_quartz_cron": True, "cron": "0 0 0 30 2 ?"}, "cron"),
        ({"use_quartz_cron": True, "cron": "1 0 0 * * ?"}, "second"),
        ({"period": "MIN", "dispatch_interval": 60}, "dispatch_interval"),
        ({"period": "YEAR", "dispatch_interval": 1}, "period"),
        ({"period": "DAY", "dispatch_interval": 1, "start_datetime": 1}, "start_datetime"),
    ],
)
def test_a_wrong_schedule_is_refused(gateway, plain, dispatch, reason):
    status, error = gateway.call("POST", f"/tasks/{plain}/dispatches", dispatch, root=FDI)
    assert (status, error["error_code"][:4]) == (400, "FDI.")
    assert reason in error["error_msg"]


def test_a_task_has_one_schedule(gateway, plain):
    dispatch = {"period": "DAY", "dispatch_interval": 1, "start_datetime": START}
    path = f"/tasks/{plain}/dispatches"
    assert gateway.call("GET", path, root=FDI)[0] == 404
    status, made = gateway.call("POST", path, dispatch, root=FDI)
    assert (status, made["start_datetime"]) == (201, START)
    assert gateway.call("POST", path, dispatch, root=FDI)[0] == 400
    assert gateway.call("PUT", f"{path}/0", dispatch, root=FDI)[0] == 404
    assert gateway.call("PUT", f"{path}/{made['dispatch_id']}", dispatch, root=FDI)[0] == 200


def test_at_most_ten_tasks_start_at_a_time(gateway, plain):
    body = {"action_id": "start", "list": [{"task_id": plain}] * 11}
    assert gateway.call("POST", "/batch-operation/tasks", body, root=FDI)[0] == 400


def test_runs_of_a_task_are_stopped(gateway, plain):
    assert gateway.call("POST", f"/tasks/{plain}/terminate", root=FDI)[0] == 409
    assert gateway.call("POST", f"/tasks/{plain}/run", root=FDI) == (200, {})
    [log] = gateway.call("GET", f"/tasks/{plain}/monitor-logs", root=FDI)[1]["entities"]
    assert log["execute_status"] == "WAITING"
    assert gateway.call("POST", f"/tasks/{plain}/terminate", root=FDI) == (200, {})
    _, found = gateway.call("GET", "/task-monitors", root=FDI, query={"execute_status": "CANCELLED"})
    assert [row["task_id"] for row in found["entities"]] == [plain]
