"""One store: what one dialect starts, the other reads, stops and lists."""

from typing import Any

from sx_service import Service

API = "/webroot/decision/sp/client/api/fdl"


def fdl(schedulerx: Service, method: str, path: str, **request: Any) -> Any:
    application = schedulerx.application
    headers = {"client_id": application.client_id, "secret": application.secret or ""}
    answer = schedulerx.app.test_client().open(f"{API}{path}", method=method, headers=headers, **request).get_json()
    assert answer["success"] is True, answer
    return answer["data"]


def test_a_run_started_by_schedulerx_is_read_and_stopped_by_finedatalink(schedulerx: Service) -> None:
    number = schedulerx.execute(InstanceParameters='{"day": "2026-01-05"}')
    record = schedulerx.detail(number)["TraceId"]
    found = fdl(schedulerx, "GET", "/record/info", query_string={"recordId": record})
    assert (found["taskStatus"], found["workId"]) == ("QUEUING", schedulerx.task.uid)
    fdl(schedulerx, "POST", "/recordId/terminate", json={"recordId": record})
    assert schedulerx.detail(number)["Status"] == 5


def test_a_run_started_by_finedatalink_is_listed_stopped_and_retried_by_schedulerx(schedulerx: Service) -> None:
    record = fdl(schedulerx, "POST", "/workId/execute", json={"workId": schedulerx.task.uid})["recordId"]
    job = {"JobId": schedulerx.task.id}
    [listed] = schedulerx.call("GetJobInstanceList", **job).data["JobInstanceDetails"]
    number = listed["InstanceId"]
    assert schedulerx.detail(number)["TraceId"] == record
    assert schedulerx.call("StopInstance", **job, InstanceId=number).code == 200
    found = fdl(schedulerx, "GET", "/record/info", query_string={"recordId": record})
    assert found["taskStatus"] == "INTERRUPT"
    assert schedulerx.call("RetryJobInstance", "POST", **job, JobInstanceId=number).code == 200
    newest = fdl(schedulerx, "POST", "/workId/records", json={"workId": schedulerx.task.uid, "latest": True})[0]
    assert newest["sourceExecuteId"] == record
