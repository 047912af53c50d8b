"""Instances, backfills and global parameters over the admin API."""

import pytest
from admin_desk import Desk

TASK = {
    "workName": "orders",
    "params": [{"name": "day", "value": "${yyyy-mm-dd}"}],
    "nodes": [{"id": "only", "type": "VIRTUAL", "config": {}}],
}


@pytest.fixture
def work_id(desk: Desk) -> str:
    uid = desk.ok("POST", "/tasks", TASK)["workId"]
    desk.ok("POST", f"/tasks/{uid}/publication")
    return uid


def _finish(desk: Desk) -> None:
    from fdl_trigger.domain.records import Counts
    from fdl_trigger.store.journal import NO_ENTRIES

    for claim in desk.runtime.store.instances.claim_due(9, "test"):
        desk.runtime.store.instances.succeed(claim, Counts(read=1), NO_ENTRIES)


def test_a_task_is_triggered_read_listed_and_retried(desk: Desk, work_id: str) -> None:
    run = desk.ok("POST", "/instances", {"workId": work_id, "params": {"day": "x"}})
    assert (run["state"], run["triggerBy"]) == ("WAITING", "the admin")
    path = f"/instances/{run['recordId']}"
    assert desk.ok("GET", path)["waitingFor"] == "waits for a free thread, 0 of its task ahead"
    assert desk.problem("POST", f"{path}/retry", {}) == (409, "instance_not_finished")
    _finish(desk)
    again = desk.ok("POST", f"{path}/retry", {"params": {"day": "y"}})
    assert again["sourceRecordId"] == run["recordId"]
    listed = desk.ok("GET", f"/instances?workId={work_id}")["items"]
    assert [one["recordId"] for one in listed] == [again["recordId"], run["recordId"]]
    assert desk.ok("POST", f"/instances/{again['recordId']}/termination")["state"] == "TERMINATED"
    assert desk.ok("GET", f"{path}/log")["items"] == []
    assert desk.ok("GET", f"{path}/dirty-rows")["items"] == []


def test_a_viewer_may_look_and_nothing_else(desk: Desk, work_id: str) -> None:
    run = desk.ok("POST", "/instances", {"workId": work_id})
    assert desk.ok("GET", f"/instances/{run['recordId']}", role="viewer")["recordId"] == run["recordId"]
    for path, body in (
        ("/instances", {"workId": work_id}),
        (f"/instances/{run['recordId']}/termination", None),
        ("/backfills", {"workId": work_id, "first": "2024-01-01", "last": "2024-01-02"}),
        ("/parameters", {"name": "host", "value": "x"}),
    ):
        assert desk.problem("POST", path, body, role="viewer")[0] == 403


def test_a_backfill_is_started_read_and_stopped(desk: Desk, work_id: str) -> None:
    body = {"workId": work_id, "first": "2024-02-28", "last": "2024-03-01", "parallel": 2}
    begun = desk.ok("POST", "/backfills", body)
    assert (begun["total"], begun["finished"], begun["states"]) == (3, 0, {"WAITING": 3})
    _finish(desk)
    path = f"/backfills/{begun['backfillId']}"
    assert desk.ok("GET", path)["states"] == {"SUCCEEDED": 2, "WAITING": 1}
    assert desk.ok("POST", f"{path}/termination")["finished"] == 3
    assert desk.problem("POST", "/backfills", {**body, "last": "2024-01-01"})[1] == "invalid_parameter"


def test_global_parameters_are_set_and_never_tell_secrets(desk: Desk) -> None:
    desk.ok("POST", "/parameters", {"name": "host", "value": "example.com"})
    desk.ok("POST", "/parameters", {"name": "token", "type": "SECRET", "value": "canary"})
    assert desk.ok("GET", "/parameters")["items"] == [
        {"name": "host", "type": "STRING", "value": "example.com"},
        {"name": "token", "type": "SECRET", "value": "******"},
    ]
    desk.ok("DELETE", "/parameters/host")
    assert desk.problem("DELETE", "/parameters/host") == (404, "object_not_found")
    assert desk.problem("POST", "/parameters", {"name": "n", "type": "NUMBER", "value": "x"})[1] == "definition_invalid"
