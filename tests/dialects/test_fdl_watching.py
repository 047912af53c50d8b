"""Triggers that cannot double, long polls and event streams on the wire."""

import json
import threading

import pytest
from fdl_platform import Platform

from fdl_trigger.domain.states import State

EVENTS = "/webroot/decision/sp/client/api/fdl/record/events"
EXECUTE = "/webroot/decision/sp/client/api/fdl/workId/execute"


def _events(text: str) -> list[dict[str, str]]:
    blocks = [block for block in text.split("\n\n") if "event:" in block]
    return [dict(line.split(": ", 1) for line in block.splitlines() if ": " in line) for block in blocks]


def test_a_key_makes_a_second_click_the_same_run(platform: Platform) -> None:
    task = platform.publish("once")
    body = {"workId": task.uid, "idempotencyKey": "click-1"}
    first = platform.call("execute_by_id", body)
    again = platform.call(
        "execute_by_id", {"workId": task.uid}, headers={**platform.credentials, "Idempotency-Key": "click-1"}
    )
    assert again.data["recordId"] == first.data["recordId"]
    assert "repeated" not in first.data
    assert again.data["repeated"] is True
    assert "idempotency key" in again.data["why"]


def test_a_key_used_for_another_request_is_refused(platform: Platform) -> None:
    task = platform.publish("once")
    platform.call("execute_by_id", {"workId": task.uid, "idempotencyKey": "k", "params": {"a": 1}})
    refused = platform.call("execute_by_id", {"workId": task.uid, "idempotencyKey": "k", "params": {"a": 2}})
    assert refused.error == "62409006"


def test_a_header_and_a_field_that_differ_are_refused(platform: Platform) -> None:
    body = {"workId": platform.publish("once").uid, "idempotencyKey": "a"}
    assert (
        platform.call("execute_by_id", body, headers={**platform.credentials, "Idempotency-Key": "b"}).error
        == "62400002"
    )


def test_a_trigger_time_delays_the_start(platform: Platform) -> None:
    task = platform.publish("later")
    later = platform.clock.now + 3_600_000
    record = platform.call("execute_by_id", {"workId": task.uid, "triggerTime": later}).data["recordId"]
    assert platform.info(record)["waitingFor"] == "not due yet, it starts in 60 min"
    assert platform.runtime.store.instances.claim_due(5, "me") == []


def test_reading_says_what_an_instance_waits_for(platform: Platform) -> None:
    task = platform.publish("orders")
    platform.execute(task)
    platform.claim()
    assert platform.info(platform.execute(task))["waitingFor"] == "limit 1 of its task reached, 0 ahead"


def test_a_long_poll_answers_at_once_with_news_and_otherwise_when_something_happens(platform: Platform) -> None:
    record = platform.execute(platform.publish("orders"))
    since = platform.info(record)["since"]
    timer = threading.Timer(0.2, platform.claim)
    timer.start()
    answer = platform.call("record_info", {"recordId": record, "since": since, "wait": "20"})
    timer.join()
    assert answer.data["taskStatus"] == "RUNNING"
    assert answer.data["since"] != since


def test_a_stream_tells_every_transition_and_ends_with_the_run(platform: Platform) -> None:
    record = platform.execute(platform.publish("orders"))
    platform.succeed()
    response = platform.app.test_client().get(EVENTS, query_string={"recordId": record, **platform.credentials})
    assert response.mimetype == "text/event-stream"
    (event,) = _events(response.get_data(as_text=True))
    data = json.loads(event["data"])
    assert event["event"] == "end"
    assert [one["status"] for one in data["events"]] == ["QUEUING", "RUNNING", "SUCCESS"]
    assert data["taskStatus"] == "SUCCESS"
    again = platform.app.test_client().get(
        EVENTS,
        query_string={"recordId": record, **platform.credentials},
        headers={"Last-Event-ID": event["id"]},
    )
    assert _events(again.get_data(as_text=True)) == []


def test_a_stream_gives_its_place_back(platform: Platform) -> None:
    record = platform.execute(platform.publish("orders"))
    platform.succeed()
    for _ in range(40):
        query = {"recordId": record, **platform.credentials}
        response = platform.app.test_client().get(EVENTS, query_string=query, buffered=True)
        assert response.status_code == 200
        response.close()


@pytest.mark.parametrize("query", [{"recordId": "nobody"}, {}])
def test_a_stream_that_cannot_start_is_told_in_the_envelope(platform: Platform, query: dict) -> None:
    response = platform.app.test_client().get(EVENTS, query_string={**query, **platform.credentials})
    assert response.get_json()["success"] is False


def test_a_running_instance_is_followed_until_the_time_is_up(platform: Platform) -> None:
    record = platform.execute(platform.publish("orders"))
    platform.claim()
    query = {"recordId": record, "wait": "1", **platform.credentials}
    response = platform.app.test_client().get(EVENTS, query_string=query)
    events = _events(response.get_data(as_text=True))
    assert [event["event"] for event in events] == ["change"]
    assert platform.runtime.instances.get(record).state is State.RUNNING
