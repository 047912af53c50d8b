"""From the end of a run to a channel: written with the ending, sent apart from it, tried again."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from notice_receivers import Receiver
from standardwebhooks import Webhook

from fdl_trigger.domain.clock import system_clock
from fdl_trigger.domain.errors import DefinitionInvalid, ObjectNotFound, PermissionDenied
from fdl_trigger.domain.notices import Delivery, DeliveryStatus
from fdl_trigger.domain.records import Connection, Principal
from fdl_trigger.domain.states import State
from fdl_trigger.engine.notices import RETRY_AFTER_MS, NoticeDeliverer
from fdl_trigger.nodes.context import Limits
from fdl_trigger.runtime import Runtime

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PATIENCE_S = 10


class TurnedClock:
    """The system's time and what a test adds."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return system_clock() + self.ahead


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def connect(runtime: Runtime) -> Callable[..., str]:
    def connect(receiver: Receiver, name: str = "ops") -> str:
        settings = {"webhookUrl": receiver.url, "secret": SECRET, "allowLoopback": True}
        runtime.connections.save(Connection(name, "webhook", settings))
        return name

    return connect


@pytest.fixture
def deliverer(runtime: Runtime, clock: TurnedClock) -> Iterator[NoticeDeliverer]:
    """A deliverer turned by hand, in place of the runtime's own."""
    runtime._deliverer.stop(0)
    one = NoticeDeliverer(runtime.store, Limits(request_timeout_s=0.5), clock, keep_days=90)
    yield one
    one.stop(0)


@pytest.fixture
def turn(deliverer: NoticeDeliverer) -> Callable[[], None]:
    def turn() -> None:
        deliverer.turn()
        assert deliverer.wait_until_idle(PATIENCE_S)

    return turn


@pytest.fixture
def end(runtime: Runtime, publish) -> Callable[..., str]:
    """Run a task to its end and return the uid of the instance."""

    def end(node: str = "FAIL", name: str = "orders", **notice: Any) -> str:
        control = {"notice": {"enabled": True, "channels": ["ops"], **notice}}
        created = runtime.instances.execute(uid=publish(name, node, control=control))
        ended = runtime.instances.wait(created.uid, PATIENCE_S)
        assert ended.state.is_final
        return ended.uid

    return end


def deliveries(runtime: Runtime) -> list[Delivery]:
    return runtime.notices.list()


def test_a_running_service_tells_a_failure_by_itself(runtime, receiver, connect, end):
    connect(receiver)
    uid = end()
    _until(lambda: receiver.posted and deliveries(runtime)[0].status is DeliveryStatus.DELIVERED)
    [posted] = receiver.posted
    document = Webhook(SECRET).verify(posted.body, posted.headers)
    assert document["type"] == "instance.failure"
    assert document["data"]["instanceId"] == uid
    assert "the source refused" in document["data"]["message"]


def test_a_task_without_notices_tells_nothing(runtime, publish, turn):
    runtime.instances.wait(runtime.instances.execute(uid=publish("orders", "FAIL")).uid, PATIENCE_S)
    assert deliveries(runtime) == []


def test_a_success_is_told_only_where_it_is_asked_for(runtime, receiver, connect, end, turn):
    connect(receiver)
    end("QUICK", "quiet")
    end("QUICK", "loud", on=["success"])
    turn()
    assert [one.document["type"] for one in receiver.posted] == ["instance.success"]
    assert [(one.task_name, one.status) for one in deliveries(runtime)] == [("loud", "DELIVERED")]


def test_a_build_failure_is_told(runtime, receiver, connect, turn, publish):
    connect(receiver)
    uid = publish(
        "orders",
        params=[{"name": "n", "type": "NUMBER", "value": 1}],
        control={"notice": {"enabled": True, "channels": ["ops"]}},
    )
    runtime.instances.wait(runtime.instances.execute(uid=uid, params={"n": "many"}).uid, PATIENCE_S)
    turn()
    assert [one.document["type"] for one in receiver.posted] == ["instance.build"]


def test_a_run_whose_process_is_gone_is_told(runtime, receiver, connect, publish, gate, turn):
    connect(receiver)
    uid = publish("orders", "GATE", control={"notice": {"enabled": True, "channels": ["ops"]}})
    created = runtime.instances.execute(uid=uid)
    assert gate.started.acquire(timeout=PATIENCE_S)
    assert runtime.store.recovery.recover("another process", {}) == (0, 1)
    turn()
    assert receiver.posted[0].document["data"]["reason"] == "lost"
    gate.gate.set()
    assert runtime.instances.get(created.uid).state is State.TERMINATED
    turn()
    assert len(receiver.posted) == 1


def test_one_notice_a_task_in_ten_seconds_the_rest_is_recorded_as_suppressed(runtime, receiver, connect, publish, turn):
    connect(receiver)
    uid = publish("orders", "FAIL", control={"notice": {"enabled": True, "channels": ["ops"]}})
    other = publish("others", "FAIL", control={"notice": {"enabled": True, "channels": ["ops"]}})
    for task in (uid, uid, other, uid):
        runtime.instances.wait(runtime.instances.execute(uid=task).uid, PATIENCE_S)
    turn()
    assert [(one.task_name, one.status.value) for one in reversed(deliveries(runtime))] == [
        ("orders", "DELIVERED"),
        ("orders", "SUPPRESSED"),
        ("others", "DELIVERED"),
        ("orders", "SUPPRESSED"),
    ]
    assert len(receiver.posted) == 2


def test_what_is_not_taken_is_tried_again_at_growing_intervals_under_the_same_id(
    runtime, receiver, connect, end, turn, clock
):
    connect(receiver)
    receiver.status = 503
    end()
    turn()
    for wait_ms in RETRY_AFTER_MS:
        seen = len(receiver.posted)
        clock.ahead += wait_ms - 2000
        turn()
        assert len(receiver.posted) == seen
        clock.ahead += 2000
        turn()
        assert len(receiver.posted) == seen + 1
    [given_up] = deliveries(runtime)
    assert (given_up.status, given_up.tries) == (DeliveryStatus.FAILED, 6)
    assert len({one.headers["webhook-id"] for one in receiver.posted}) == 1
    stamps = [int(one.headers["webhook-timestamp"]) for one in receiver.posted]
    assert stamps == sorted(set(stamps))
    log = runtime.notices.tries(given_up.id)
    assert [one.status for one in log] == [503] * 6
    assert all("answered 503" in one.error for one in log)
    clock.ahead += 30 * 86_400_000
    turn()
    assert len(receiver.posted) == 6


def test_a_delivery_that_was_given_up_can_be_asked_for_again(runtime, receiver, connect, end, turn, clock):
    connect(receiver)
    receiver.status = 410
    end()
    turn()
    [gone] = deliveries(runtime)
    assert (gone.status, gone.tries) == (DeliveryStatus.FAILED, 1)
    receiver.status = 200
    assert runtime.notices.retry(gone.id).status is DeliveryStatus.PENDING
    clock.ahead += 5000
    turn()
    assert deliveries(runtime)[0].status is DeliveryStatus.DELIVERED
    assert [one.status for one in runtime.notices.tries(gone.id)] == [410, 200]
    assert runtime.audit.list()[0].entry.action == "notice.retry"


def test_a_task_is_not_published_with_a_channel_that_is_none(runtime, end, tmp_path):
    runtime.connections.save(Connection("db", "sqlite", {"path": str(tmp_path / "x.db")}))
    with pytest.raises(DefinitionInvalid) as caught:
        end(channels=["nobody", "db"])
    assert [key for key, _ in caught.value.details["problems"]] == [
        "control.notice.channels[0]",
        "control.notice.channels[1]",
    ]


def test_a_missing_channel_is_a_failed_try_and_works_once_it_is_there(runtime, receiver, connect, publish, turn, clock):
    connect(receiver)
    uid = publish("orders", "FAIL", control={"notice": {"enabled": True, "channels": ["ops"]}})
    runtime.connections.delete("ops")
    runtime.instances.wait(runtime.instances.execute(uid=uid).uid, PATIENCE_S)
    turn()
    assert deliveries(runtime)[0].last.error == "there is no connection 'ops'"
    connect(receiver)
    clock.ahead += RETRY_AFTER_MS[0]
    turn()
    assert deliveries(runtime)[0].status is DeliveryStatus.DELIVERED


def test_a_channel_that_hangs_holds_up_neither_runs_nor_other_channels(
    runtime, receiver, other_receiver, connect, publish, end, turn
):
    connect(receiver)
    connect(other_receiver, "erp")
    receiver.hang()
    begun = time.monotonic()
    for number in range(3):
        end(name=f"task{number}", channels=["ops", "erp"])
    assert time.monotonic() - begun < PATIENCE_S / 2
    turn()
    assert len(other_receiver.posted) == 3
    assert len(receiver.posted) == 1
    states = {(one.channel, one.status.value) for one in deliveries(runtime)}
    assert states == {("ops", "PENDING"), ("erp", "DELIVERED")}


def test_a_notice_on_its_way_does_not_hold_up_the_end_of_the_service(runtime, receiver, connect, end, deliverer):
    connect(receiver)
    receiver.hang()
    slow = NoticeDeliverer(runtime.store, Limits(request_timeout_s=30), system_clock, keep_days=90)
    end()
    slow.turn()
    _until(lambda: receiver.posted)
    begun = time.monotonic()
    slow.stop(0)
    assert time.monotonic() - begun < 3
    assert (deliveries(runtime)[0].status, deliveries(runtime)[0].tries) == (DeliveryStatus.PENDING, 0)


def test_what_was_written_down_is_sent_after_a_restart(settings, receiver, failing):
    notice = {"enabled": True, "channels": ["ops"]}
    node = {"id": "only", "type": "FAIL"}
    with Runtime(settings, node_types={"FAIL": failing}) as first:
        receiver.status = 500
        secrets = {"webhookUrl": receiver.url, "secret": SECRET, "allowLoopback": True}
        first.connections.save(Connection("ops", "webhook", secrets))
        task = first.tasks.save({"workName": "orders", "nodes": [node], "control": {"notice": notice}})
        first.tasks.publish(uid=task.uid)
        first._deliverer.stop(0)
        first.instances.wait(first.instances.execute(uid=task.uid).uid, PATIENCE_S)
    assert receiver.posted == []
    receiver.status = 200
    with Runtime(settings, node_types={"FAIL": failing}) as second:
        _until(lambda: deliveries(second)[0].status is DeliveryStatus.DELIVERED)
    assert len(receiver.posted) == 1


def test_a_stopping_service_still_tells_what_has_just_ended(settings, receiver, failing):
    notice = {"enabled": True, "channels": ["ops"]}
    with Runtime(settings, node_types={"FAIL": failing}) as runtime:
        secrets = {"webhookUrl": receiver.url, "secret": SECRET, "allowLoopback": True}
        runtime.connections.save(Connection("ops", "webhook", secrets))
        node = {"id": "only", "type": "FAIL"}
        task = runtime.tasks.save({"workName": "orders", "nodes": [node], "control": {"notice": notice}})
        runtime.tasks.publish(uid=task.uid)
        runtime.instances.wait(runtime.instances.execute(uid=task.uid).uid, PATIENCE_S)
        runtime.stop(grace_s=5)
    assert len(receiver.posted) == 1


def test_a_mistake_while_a_notice_is_written_down_leaves_the_ending_as_it_is(
    runtime, receiver, connect, deliverer, end, caplog
):
    connect(receiver)
    runtime.store._writer.write(lambda connection: connection.execute("ALTER TABLE notice RENAME TO elsewhere"))
    uid = end()
    assert runtime.instances.get(uid).state is State.FAILED
    assert "no notice is given" in caplog.text
    runtime.store._writer.write(lambda connection: connection.execute("ALTER TABLE elsewhere RENAME TO notice"))


def test_old_notices_are_forgotten_but_never_what_is_pending(runtime, receiver, connect, end, turn, clock):
    connect(receiver)
    end(name="told")
    turn()
    receiver.status = 500
    end(name="pending")
    turn()
    assert runtime.store.notices.purge(clock() + 1) == 1
    assert [one.task_name for one in deliveries(runtime)] == ["pending"]


def test_a_channel_can_be_tried_out(runtime, receiver, connect):
    connect(receiver)
    assert runtime.notices.test("ops").status == 200
    assert receiver.posted[0].document["type"] == "notice.test"
    with pytest.raises(ObjectNotFound):
        runtime.notices.test("nobody")


def test_notices_need_the_right_to_manage_tasks(runtime):
    stranger = Principal("stranger")
    for call in (
        lambda: runtime.notices.list(principal=stranger),
        lambda: runtime.notices.tries(1, stranger),
        lambda: runtime.notices.retry(1, stranger),
        lambda: runtime.notices.test("ops", stranger),
    ):
        with pytest.raises(PermissionDenied):
            call()
    with pytest.raises(ObjectNotFound):
        runtime.notices.retry(1)


def _until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)
