"""Scheduled API calls over the REST surface: fields, states, errors (roma-scheduled-calls.md)."""

from contextlib import ExitStack

import pytest
from roma_gateway import CRON, EVERY_HOUR, START, opened


@pytest.fixture
def open_gateway(tmp_path):
    with ExitStack() as stack:
        yield lambda **roma: stack.enter_context(opened(tmp_path / "store.db", **roma))


@pytest.fixture
def gateway(open_gateway):
    return open_gateway()


@pytest.fixture(scope="module")
def refusing(tmp_path_factory):
    """One service for everything that leaves no trace, and an application in it."""
    with opened(tmp_path_factory.mktemp("roma") / "store.db") as gateway:
        yield gateway, gateway.create_app()


def test_a_new_task_is_initialized_and_read_as_it_was_written(gateway):
    fields = gateway.fields(
        remark="每晚",
        effective_time=START,
        max_retries=3,
        timeout=30,
        api={"method": "POST", "url": "https://api.example.com/run?x=1", "auth": "APP_SECRET"},
        req_headers=[{"name": "X-Stage", "value": "RELEASE"}],
        req_params=[{"name": "b", "value": "1"}, {"name": "a", "value": "x y"}, {"name": "b", "value": "0"}],
        req_body='{"a": 1}',
        content_type="application/json",
    )
    status, created = gateway.call("POST", "/api-tasks", fields)
    assert (status, created["state"], created["next_fire_time"]) == (201, "INITIALIZED", None)
    status, read = gateway.call("GET", f"/api-tasks/{created['id']}")
    assert status == 200
    assert {name: read[name] for name in fields} == fields


def test_a_task_starts_and_stops(gateway):
    task = gateway.create()
    assert gateway.act(task["id"], "stop")["state"] == "INITIALIZED"
    started = gateway.act(task["id"], "start")
    assert started["state"] == "STARTED"
    assert started["next_fire_time"] == START // 300_000 * 300_000 + 300_000
    assert gateway.act(task["id"], "start") == started
    assert gateway.act(task["id"], "stop")["state"] == "STOPPED"
    assert gateway.act(task["id"], "start")["state"] == "STARTED"


def test_intervals_without_an_effective_time_count_from_the_start(gateway):
    task = gateway.create(**EVERY_HOUR, cron=None)
    gateway.clock.now += 90_500
    first = gateway.act(task["id"], "start")["next_fire_time"]
    assert first == (gateway.clock.now // 1000 + 1) * 1000
    gateway.act(task["id"], "stop")
    gateway.clock.now += 1_000_000
    assert gateway.act(task["id"], "start")["next_fire_time"] == (gateway.clock.now // 1000 + 1) * 1000


def test_intervals_count_from_the_effective_time(gateway):
    past = START - 30 * 60_000
    task = gateway.create(**EVERY_HOUR, cron=None, effective_time=past)
    assert gateway.act(task["id"], "start")["next_fire_time"] == past + 3_600_000


def test_a_cron_expression_waits_for_the_effective_time(gateway):
    task = gateway.create(effective_time="2027-01-01T08:02:00+08:00")
    assert gateway.act(task["id"], "start")["next_fire_time"] == 1_798_761_900_000  # 00:05 UTC


def test_a_started_task_is_neither_changed_nor_deleted(gateway):
    fields = gateway.fields()
    _, task = gateway.call("POST", "/api-tasks", fields)
    gateway.act(task["id"], "start")
    path = f"/api-tasks/{task['id']}"
    for method, body in (("PUT", fields), ("DELETE", None)):
        status, error = gateway.call(method, path, body)
        assert (status, error["error_code"]) == (409, "FDLT.4092")
    gateway.act(task["id"], "stop")
    status, changed = gateway.call("PUT", path, {**fields, "name": "renamed", "remark": "new"})
    assert (status, changed["name"], changed["remark"], changed["state"]) == (200, "renamed", "new", "STOPPED")
    assert changed["id"] == task["id"]
    assert gateway.call("DELETE", path) == (204, None)
    assert gateway.call("GET", path)[0] == 404


def test_tasks_are_listed_by_name_and_state(gateway):
    ids = [gateway.create(name=f"task-{number}")["id"] for number in range(3)]
    gateway.act(ids[1], "start")
    _, answer = gateway.call("GET", "/api-tasks", query={"limit": 2, "offset": 1})
    assert (answer["total"], answer["size"]) == (3, 2)
    _, answer = gateway.call("GET", "/api-tasks", query={"state": "STARTED"})
    assert [one["id"] for one in answer["tasks"]] == [ids[1]]
    _, answer = gateway.call("GET", "/api-tasks", query={"name": "task-2"})
    assert [one["id"] for one in answer["tasks"]] == [ids[2]]


def test_tasks_of_another_kind_are_none_of_these(gateway):
    document = {"workName": "other", "nodes": [{"id": "n", "type": "VIRTUAL"}]}
    other = gateway.runtime.tasks.publish(uid=gateway.runtime.tasks.save(document).uid)
    assert gateway.call("GET", f"/api-tasks/{other.uid}")[0] == 404
    assert gateway.call("POST", f"/api-tasks/{other.uid}/run")[0] == 404
    assert gateway.call("GET", "/api-tasks")[1]["total"] == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "ab"}, "name"),
        ({"name": "1abc"}, "name"),
        ({"name": "a b c"}, "name"),
        ({"app_id": "nobody"}, "app_id"),
        ({"remark": "x" * 256}, "remark"),
        ({"max_retries": 4}, "max_retries"),
        ({"max_retries": -1}, "max_retries"),
        ({"trigger_type": "cron"}, "trigger_type"),
        ({"cron": None}, "cron"),
        ({"cron": "0 12 * * ?"}, "cron"),
        ({"cron": "0 0 0 30 2 ?"}, "cron"),
        ({"cron": "30 0 12 * * ?"}, "cron"),
        ({"cron": "* * * * * ?"}, "cron"),
        ({"cron": "0 0 0 1 1 ? 2020"}, "cron"),
        ({"interval": 5}, "interval"),
        ({"trigger_type": "CALENDAR", "cron": None, "interval": 60, "period": "MIN"}, "interval"),
        ({"trigger_type": "CALENDAR", "cron": None, "interval": 1, "period": "YEAR"}, "period"),
        ({"effective_time": 946_684_799_999}, "effective_time"),
        ({"effective_time": 2_147_512_447_001}, "effective_time"),
        ({"effective_time": "2026-01-01T00:00:00"}, "effective_time"),
        ({"effective_time": "9999999-01-01T00:00:00Z"}, "effective_time"),
        ({"api": {"method": "HEAD", "url": "http://a.example"}}, "api.method"),
        ({"api": {"method": "GET", "url": "ftp://a.example"}}, "api.url"),
        ({"api": {"method": "GET", "url": "http://user:pw@a.example/"}}, "api.url"),
        ({"api": {"method": "GET", "url": "http://a.example", "auth": "BEARER"}}, "api.auth"),
        ({"req_body": "{}", "content_type": "application/json"}, "req_body"),
        ({"content_type": "text/plain"}, "content_type"),
        ({"req_headers": [{"name": "X-HW-ID", "value": "me"}]}, "req_headers"),
        ({"req_headers": [{"name": "X", "value": "a\r\nY: b"}]}, "req_headers"),
        ({"req_headers": [{"name": "X Y", "value": "a"}]}, "req_headers"),
        ({"timeout": 601}, "timeout"),
        ({"unheard_of": 1}, "unheard_of"),
    ],
)
def test_a_wrong_field_is_named(refusing, changes, field):
    gateway, app_id = refusing
    status, error = gateway.call("POST", "/api-tasks", gateway.fields(**{"app_id": app_id, **changes}))
    assert status == 400
    assert set(error) == {"error_code", "error_msg", "request_id"}
    assert error["error_msg"].startswith(f"{field}") or f"; {field}" in error["error_msg"]
    assert len(error["request_id"]) == 32
    assert gateway.call("GET", "/api-tasks")[1]["total"] == 0


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", "{"),
        ("application/json", "[" * 100_000),
        ("application/xml", "<a>"),
        ("application/xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        (None, "text"),
    ],
)
def test_a_body_fits_its_content_type(refusing, content_type, body):
    gateway, app_id = refusing
    api = {"method": "POST", "url": "http://a.example"}
    fields = gateway.fields(app_id=app_id, api=api, req_body=body, content_type=content_type)
    status, error = gateway.call("POST", "/api-tasks", fields)
    assert (status, error["error_code"]) == (400, "FDLT.4002")


@pytest.mark.parametrize(
    ("content_type", "body"), [("application/xml", "<a>1</a>"), ("application/text", "{"), ("application/json", "[1]")]
)
def test_the_three_content_types_are_taken(gateway, content_type, body):
    api = {"method": "PATCH", "url": "http://a.example", "auth": "NONE"}
    task = gateway.create(api=api, req_body=body, content_type=content_type)
    assert (task["content_type"], task["req_body"]) == (content_type, body)


def test_a_name_is_given_once(gateway):
    app_id = gateway.create(name="nightly")["app_id"]
    status, error = gateway.call("POST", "/api-tasks", gateway.fields(app_id=app_id))
    assert (status, error["error_msg"]) == (400, "name: there is a task 'nightly' already.")


def test_seconds_are_accepted_when_configured(open_gateway):
    gateway = open_gateway(cron_seconds=True, time_zone="Asia/Shanghai")
    task = gateway.create(cron="30 0 12 * * ?")
    assert gateway.act(task["id"], "start")["next_fire_time"] % 86_400_000 == (4 * 3600 + 30) * 1000


def test_a_run_by_hand_is_a_record(gateway):
    task = gateway.create()
    status, answer = gateway.call("POST", f"/api-tasks/{task['id']}/run")
    assert status == 202
    _, runs = gateway.call("GET", f"/api-tasks/{task['id']}/executions")
    [run] = runs["executions"]
    assert (run["id"], run["trigger"], run["status"], run["attempts"]) == (
        answer["execution_id"],
        "MANUAL",
        "WAITING",
        [],
    )
    status, error = gateway.call("POST", f"/api-tasks/{task['id']}/run")
    assert (status, error["error_code"]) == (409, "FDLT.4092")
    assert gateway.call("GET", f"/api-tasks/{task['id']}/executions", query={"status": "SUCCESS"})[1]["total"] == 0


def test_secrets_of_applications_are_only_written(gateway):
    app_id = gateway.create_app("orders")
    _, listed = gateway.call("GET", "/apps")
    assert listed["apps"] == [{"id": app_id, "name": "orders", "app_key": "key-1", "has_app_code": False}]
    assert "secret-0001" not in str(gateway.call("GET", f"/apps/{app_id}"))
    assert gateway.call("DELETE", f"/apps/{app_id}") == (204, None)
    assert gateway.call("GET", f"/apps/{app_id}")[0] == 404


def test_an_application_in_use_is_not_deleted(gateway):
    task = gateway.create()
    assert gateway.call("DELETE", f"/apps/{task['app_id']}")[0] == 409


@pytest.mark.parametrize("app", [{}, {"name": "a", "app_key": "k"}, {"name": "a", "app_key": "k\n", "app_secret": "s"}])
def test_an_application_has_a_name_a_key_and_a_secret(refusing, app):
    gateway, _ = refusing
    assert gateway.call("POST", "/apps", app)[0] == 400


def test_unknown_paths_and_methods_are_told_in_the_same_envelope(gateway):
    assert gateway.call("GET", "/nothing")[1]["error_code"] == "APIC.0101"
    status, error = gateway.call("PATCH", "/api-tasks")
    assert (status, error["error_code"]) == (405, "APIC.0101")


def test_bad_bodies_are_refused(gateway):
    for body in ([], "text", 1):
        assert gateway.call("POST", "/api-tasks", body)[0] == 400
    assert gateway.call("POST", "/api-tasks", {**CRON, "name": "x" * 3})[0] == 400


def test_what_others_added_to_a_plan_or_changed_in_a_task_is_no_obstacle(gateway):
    task = gateway.create(name="nightly")
    schedules, tasks = gateway.runtime.schedules, gateway.runtime.tasks
    plan = schedules.find("roma", uid=task["id"])
    schedules.save({**plan.document, "misfire": "FIRE_ONCE"}, uid=task["id"])
    draft = tasks.get(uid=task["id"]).draft
    config = {"url": "http://a.example", "headers": {"X": "1"}, "params": {"a": 1}}
    node = {"id": "call", "type": "HTTP_CALL", "config": config}
    tasks.save({**draft, "params": [], "nodes": [node]})
    started = gateway.act(task["id"], "start")
    assert (started["api"]["auth"], started["req_headers"]) == ("NONE", [{"name": "X", "value": "1"}])
    gateway.act(task["id"], "stop")
    assert schedules.find("roma", uid=task["id"]).document["misfire"] == "FIRE_ONCE"
