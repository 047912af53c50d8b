"""The engine runs real instances on real threads; each test states one promise."""

import time

import pytest

from fdl_trigger.domain.errors import AlreadyRunning, InstanceFinished, NothingRunning, QueueFull
from fdl_trigger.domain.records import LOCAL, InstanceFilter
from fdl_trigger.domain.states import Reason, State
from fdl_trigger.runtime import Runtime

PATIENCE_S = 10


def test_a_triggered_task_runs_and_succeeds(runtime: Runtime, publish) -> None:
    created = runtime.instances.execute(uid=publish("orders"))
    assert created.state is State.WAITING
    ended = runtime.instances.wait(created.uid, PATIENCE_S)
    assert (ended.state, ended.counts.inserted, ended.attempt) == (State.SUCCEEDED, 1, 1)
    assert [event.new for event in runtime.instances.events(created.uid)] == [
        State.WAITING,
        State.RUNNING,
        State.SUCCEEDED,
    ]


def test_a_run_leaves_a_log_with_its_closing_lines(runtime: Runtime, publish) -> None:
    ended = runtime.instances.wait(runtime.instances.execute(uid=publish("orders")).uid, PATIENCE_S)
    texts = [line.text for line in runtime.instances.log(ended.uid)]
    assert "nodes: 1 succeeded, 0 failed, 0 skipped" in texts
    assert texts[-1].startswith("total time ")
    assert [line.seq for line in runtime.instances.log(ended.uid)] == list(range(1, len(texts) + 1))


def test_one_task_runs_once_at_a_time_and_the_rest_wait_in_order(runtime: Runtime, publish, gate) -> None:
    uid = publish("orders", "GATE", config={"label": "${n}"}, params=[{"name": "n", "value": ""}])
    runs = [runtime.instances.execute(uid=uid, params={"n": n}) for n in range(3)]
    assert gate.started.acquire(timeout=PATIENCE_S)
    gate.gate.set()
    for run in runs:
        assert runtime.instances.wait(run.uid, PATIENCE_S).state is State.SUCCEEDED
    assert gate.order == ["0", "1", "2"]
    assert gate.most_together == 1


def test_a_parallel_task_runs_side_by_side_up_to_its_limit(runtime: Runtime, publish, gate) -> None:
    uid = publish("orders", "GATE", control={"instancePolicy": "parallel", "parallelLimit": 2})
    runs = [runtime.instances.execute(uid=uid) for _ in range(4)]
    assert gate.started.acquire(timeout=PATIENCE_S)
    assert gate.started.acquire(timeout=PATIENCE_S)
    assert not gate.started.acquire(timeout=0.2)
    gate.gate.set()
    for run in runs:
        assert runtime.instances.wait(run.uid, PATIENCE_S).state is State.SUCCEEDED
    assert gate.most_together == 2


def test_the_skip_policy_refuses_a_trigger_while_the_task_runs(runtime: Runtime, publish, gate) -> None:
    uid = publish("orders", "GATE", control={"instancePolicy": "skip"})
    first = runtime.instances.execute(uid=uid)
    with pytest.raises(AlreadyRunning, match=first.uid):
        runtime.instances.execute(uid=uid)
    gate.gate.set()
    assert runtime.instances.wait(first.uid, PATIENCE_S).state is State.SUCCEEDED


def test_the_replace_policy_ends_the_older_ones(runtime: Runtime, publish, gate) -> None:
    uid = publish("orders", "GATE", control={"instancePolicy": "replace"})
    older = runtime.instances.execute(uid=uid)
    assert gate.started.acquire(timeout=PATIENCE_S)
    newer = runtime.instances.execute(uid=uid)
    ended = runtime.instances.wait(older.uid, PATIENCE_S)
    assert gate.started.acquire(timeout=PATIENCE_S)
    ended = runtime.instances.get(older.uid)
    assert (ended.state, ended.reason) == (State.TERMINATED, Reason.REPLACED)
    gate.gate.set()
    assert runtime.instances.wait(newer.uid, PATIENCE_S).state is State.SUCCEEDED


def test_the_more_urgent_task_goes_first_when_slots_are_short(runtime: Runtime, publish, gate) -> None:
    blocker = publish("blocker", "GATE", control={"instancePolicy": "parallel", "parallelLimit": 4})
    for _ in range(4):
        runtime.instances.execute(uid=blocker)
        assert gate.started.acquire(timeout=PATIENCE_S)
    low = runtime.instances.execute(uid=publish("low", "GATE", control={"priority": "LOWEST"}))
    high = runtime.instances.execute(uid=publish("high", "GATE", control={"priority": "HIGHEST"}))
    gate.gate.set()
    for run in (low, high):
        runtime.instances.wait(run.uid, PATIENCE_S)
    assert gate.order.index("high") < gate.order.index("low")


def test_a_waiting_instance_that_is_terminated_never_runs(runtime: Runtime, publish, gate) -> None:
    uid = publish("orders", "GATE")
    running, waiting = runtime.instances.execute(uid=uid), runtime.instances.execute(uid=uid)
    assert gate.started.acquire(timeout=PATIENCE_S)
    ended = runtime.instances.terminate(waiting.uid)
    assert (ended.state, ended.reason) == (State.TERMINATED, Reason.USER)
    gate.gate.set()
    assert runtime.instances.wait(running.uid, PATIENCE_S).state is State.SUCCEEDED
    assert len(gate.order) == 1


def test_a_running_instance_reads_as_terminated_at_once_and_really_stops(runtime: Runtime, publish, gate) -> None:
    run = runtime.instances.execute(uid=publish("orders", "GATE"))
    assert gate.started.acquire(timeout=PATIENCE_S)
    assert runtime.instances.terminate(run.uid).apparent_state is State.TERMINATED
    ended = _until_settled(runtime, run.uid)
    assert (ended.state, ended.reason, gate.together) == (State.TERMINATED, Reason.USER, 0)
    assert [node.state for node in runtime.instances.node_runs(run.uid)] == [State.TERMINATED]
    with pytest.raises(InstanceFinished):
        runtime.instances.terminate(run.uid)


def test_a_run_that_ignores_its_stop_loses_its_slot_and_its_ending(runtime: Runtime, publish, gate) -> None:
    uid = publish("orders", "GATE", config={"deaf": True})
    run = runtime.instances.execute(uid=uid)
    assert gate.started.acquire(timeout=PATIENCE_S)
    runtime.instances.terminate(run.uid)
    ended = _until_settled(runtime, run.uid)
    assert ended.state is State.TERMINATED
    others = [runtime.instances.execute(uid=publish(f"other {n}")) for n in range(4)]
    for other in others:
        assert runtime.instances.wait(other.uid, PATIENCE_S).state is State.SUCCEEDED
    gate.gate.set()
    while gate.together:
        time.sleep(0.01)
    assert runtime.instances.get(run.uid) == ended


def test_terminating_a_task_stops_all_its_instances(runtime: Runtime, publish, gate) -> None:
    uid = publish("orders", "GATE")
    runs = [runtime.instances.execute(uid=uid) for _ in range(3)]
    assert gate.started.acquire(timeout=PATIENCE_S)
    assert {one.uid for one in runtime.instances.terminate_task(uid=uid)} == {one.uid for one in runs}
    for run in runs:
        assert _until_settled(runtime, run.uid).state is State.TERMINATED
    with pytest.raises(NothingRunning):
        runtime.instances.terminate_task(uid=uid)


def test_a_run_over_its_time_limit_fails_with_that_reason(runtime: Runtime, publish, gate) -> None:
    run = runtime.instances.execute(uid=publish("orders", "GATE", control={"timeoutMinutes": 0.005}))
    ended = runtime.instances.wait(run.uid, PATIENCE_S)
    assert (ended.state, ended.reason) == (State.FAILED, Reason.TIMEOUT)
    assert "0.3 s" in (ended.message or "")


def test_a_failing_node_is_retried_as_often_as_its_task_says(runtime: Runtime, publish, failing) -> None:
    retry = {"enabled": True, "times": 2, "intervalMinutes": 0}
    run = runtime.instances.execute(uid=publish("o", "FAIL", config={"failures": 2}, control={"retry": retry}))
    assert runtime.instances.wait(run.uid, PATIENCE_S).state is State.SUCCEEDED
    assert failing.calls == 3
    assert [node.attempt for node in runtime.instances.node_runs(run.uid)] == [3]


def test_waits_between_retries_may_grow(runtime: Runtime, publish, failing) -> None:
    retry = {"enabled": True, "times": 3, "intervalMinutes": 0.0002, "backoff": 2}
    run = runtime.instances.execute(uid=publish("o", "FAIL", config={"failures": 3}, control={"retry": retry}))
    assert runtime.instances.wait(run.uid, PATIENCE_S).state is State.SUCCEEDED
    waits = [line.text for line in runtime.instances.log(run.uid) if line.text.startswith("retry")]
    assert waits == ["retry 1 of 3 in 0.012 s", "retry 2 of 3 in 0.024 s", "retry 3 of 3 in 0.048 s"]


def test_a_run_that_takes_long_is_warned_of_once(runtime: Runtime, publish, gate, caplog) -> None:
    run = runtime.instances.execute(uid=publish("orders", "GATE", control={"warnAfterMinutes": 0.001}))
    assert gate.started.acquire(timeout=PATIENCE_S)
    deadline = time.monotonic() + PATIENCE_S
    while not (warned := _warnings(runtime, run.uid)) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.7)  # another turn of the dispatcher
    gate.gate.set()
    runtime.instances.wait(run.uid, PATIENCE_S)
    assert warned == _warnings(runtime, run.uid) == ["runs longer than 0.06 s (warnAfterMinutes)"]


def _warnings(runtime: Runtime, uid: str) -> list[str]:
    return [line.text for line in runtime.instances.log(uid) if line.level == "WARN"]


def test_a_node_that_keeps_failing_fails_its_instance_with_the_message(runtime: Runtime, publish) -> None:
    run = runtime.instances.execute(uid=publish("orders", "FAIL"))
    ended = runtime.instances.wait(run.uid, PATIENCE_S)
    assert (ended.state, ended.reason) == (State.FAILED, Reason.ERROR)
    assert ended.message == "node 'only': the source refused"


def test_a_terminate_ends_the_sleep_between_retries(runtime: Runtime, publish, failing) -> None:
    retry = {"enabled": True, "times": 2, "intervalMinutes": 60}
    run = runtime.instances.execute(uid=publish("orders", "FAIL", control={"retry": retry}))
    while not failing.calls:
        time.sleep(0.01)
    runtime.instances.terminate(run.uid)
    assert _until_settled(runtime, run.uid).state is State.TERMINATED


def test_lines_decide_what_runs_after_a_failure(runtime: Runtime, publish) -> None:
    nodes = [
        {"id": "first", "type": "FAIL"},
        {"id": "on_failure", "type": "QUICK"},
        {"id": "on_success", "type": "QUICK"},
    ]
    lines = [
        {"from": "first", "to": "on_failure", "condition": "FAILURE"},
        {"from": "first", "to": "on_success", "condition": "SUCCESS"},
    ]
    run = runtime.instances.execute(uid=publish("orders", nodes=nodes, lines=lines))
    assert runtime.instances.wait(run.uid, PATIENCE_S).state is State.FAILED
    states = {node.node_id: node.state for node in runtime.instances.node_runs(run.uid)}
    assert states == {"first": State.FAILED, "on_failure": State.SUCCEEDED, "on_success": State.SKIPPED}


def test_a_value_that_does_not_fit_its_parameter_fails_the_build(runtime: Runtime, publish) -> None:
    uid = publish("orders", params=[{"name": "n", "type": "NUMBER", "value": "1"}])
    ended = runtime.instances.wait(runtime.instances.execute(uid=uid, params={"n": "many"}).uid, PATIENCE_S)
    assert (ended.state, ended.reason) == (State.FAILED, Reason.BUILD)
    assert "'n' takes a NUMBER value" in (ended.message or "")


def test_a_missing_connection_fails_the_build(runtime: Runtime, publish) -> None:
    class Needy(type(runtime._node_types["QUICK"])):  # type: ignore[misc]
        def connections(self, config):
            return ("nowhere",)

    runtime._node_types["NEEDY"] = Needy()  # type: ignore[index]
    task = runtime.tasks.save({"workName": "orders", "nodes": [{"id": "n", "type": "NEEDY"}]})
    runtime.store.tasks.publish(task.id, LOCAL.did("test", "test"))
    ended = runtime.instances.wait(runtime.instances.execute(uid=task.uid).uid, PATIENCE_S)
    assert (ended.state, ended.reason) == (State.FAILED, Reason.BUILD)


@pytest.mark.parametrize(("threshold", "state"), [(None, State.FAILED), (1, State.FAILED), (2, State.SUCCEEDED)])
def test_dirty_rows_are_tolerated_up_to_the_threshold(runtime: Runtime, publish, threshold, state) -> None:
    uid = publish("orders", config={"dirty": 2}, control={"dirtyThreshold": threshold})
    ended = runtime.instances.wait(runtime.instances.execute(uid=uid).uid, PATIENCE_S)
    assert ended.state is state
    assert ended.reason is (Reason.DIRTY if state is State.FAILED else None)
    assert runtime.instances.dirty_rows(ended.uid)[0].reason == "does not fit"
    assert ended.counts.dirty == len(runtime.instances.dirty_rows(ended.uid))


def test_a_mistake_of_a_node_fails_its_instance_and_nothing_else(runtime: Runtime, publish, caplog) -> None:
    ended = runtime.instances.wait(
        runtime.instances.execute(uid=publish("orders", config={"dirty": "many"})).uid, PATIENCE_S
    )
    assert (ended.state, ended.reason) == (State.FAILED, Reason.ERROR)
    assert "TypeError" in (ended.message or "")
    after = runtime.instances.execute(uid=publish("other"))
    assert runtime.instances.wait(after.uid, PATIENCE_S).state is State.SUCCEEDED


def test_progress_can_be_seen_while_a_run_is_under_way(runtime: Runtime, publish, gate) -> None:
    run = runtime.instances.execute(uid=publish("orders", "GATE"))
    assert gate.started.acquire(timeout=PATIENCE_S)
    deadline = time.monotonic() + PATIENCE_S
    while not runtime.instances.log(run.uid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert runtime.instances.get(run.uid).state is State.RUNNING
    assert [node.state for node in runtime.instances.node_runs(run.uid)] == [State.RUNNING]


def test_the_queue_has_a_limit_with_a_clear_error(runtime: Runtime, publish, gate) -> None:
    runtime.store.instances._queue_limit = 2
    uid = publish("orders", "GATE")
    runtime.instances.execute(uid=uid)
    assert gate.started.acquire(timeout=PATIENCE_S)
    for _ in range(2):
        runtime.instances.execute(uid=uid)
    with pytest.raises(QueueFull, match="2 instances are waiting"):
        runtime.instances.execute(uid=uid)
    assert len(runtime.instances.list(InstanceFilter(), uid=uid)) == 3


def _until_settled(runtime: Runtime, uid: str):
    deadline = time.monotonic() + PATIENCE_S
    while not (instance := runtime.instances.get(uid)).state.is_final and time.monotonic() < deadline:
        time.sleep(0.01)
    return instance
