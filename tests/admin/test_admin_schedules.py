"""Schedules over the admin API."""

import pytest

HOUR = 3_600_000
HOURLY = {"name": "hourly", "type": "CRON", "value": {"cron": "0 0 * * * ?"}, "timeZone": "UTC"}


@pytest.fixture
def work_id(desk):
    document = {"workName": "orders", "nodes": [{"id": "n", "type": "VIRTUAL"}]}
    return desk.ok("POST", "/tasks", document)["workId"]


@pytest.fixture
def path(desk, work_id):
    saved = desk.ok("POST", "/schedules", {"workId": work_id, "document": HOURLY})
    return f"/schedules/{saved['uid']}"


def test_a_schedule_is_saved_listed_read_and_deleted(desk, work_id, path):
    assert desk.ok("GET", path)["document"] == HOURLY
    listed = desk.ok("GET", f"/schedules?workId={work_id}")
    assert [(one["workName"], one["name"]) for one in listed["items"]] == [("orders", "hourly")]
    desk.ok("DELETE", path)
    assert desk.problem("GET", path) == (404, "object_not_found")


def test_schedules_are_paused_alone_by_task_and_all_together(desk, work_id, path):
    assert desk.ok("PATCH", path, {"paused": True})["heldBy"] == "the schedule is paused"
    assert desk.ok("PATCH", path, {"paused": False})["heldBy"] is None
    for scope in ({"workId": work_id}, {}):
        desk.ok("PATCH", "/schedules", {"paused": True, **scope})
        assert "paused" in desk.ok("GET", path)["heldBy"]
        desk.ok("PATCH", "/schedules", {"paused": False, **scope})
        assert desk.ok("GET", path)["heldBy"] is None


def test_the_next_fires_and_every_fire_of_a_span_are_told(desk, path):
    fires = desk.ok("GET", f"{path}/preview?count=3&after=0")["fires"]
    assert fires == [HOUR, 2 * HOUR, 3 * HOUR]
    items = desk.ok("GET", f"{path}/simulation?first=0&last={2 * HOUR}")["items"]
    assert next((one["dueAt"], one["runsAt"], one["cause"]) for one in items) == (HOUR, HOUR, "ON_TIME")
    assert desk.ok("GET", f"{path}/fires") == {"items": [], "total": 0}


def test_a_document_with_mistakes_is_refused(desk, work_id):
    document = {**HOURLY, "value": {"cron": "0 0 0 30 2 ?"}}
    status, _ = desk.problem("POST", "/schedules", {"workId": work_id, "document": document})
    assert status == 422
