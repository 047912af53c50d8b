"""Retries and backfills."""

from datetime import date, datetime

import pytest

from fdl_trigger.domain.errors import InstanceNotFinished, InstanceNotFound, InvalidParameter
from fdl_trigger.domain.flow import Extent, Portion
from fdl_trigger.domain.records import InstanceFilter
from fdl_trigger.domain.states import Reason, State, Trigger
from fdl_trigger.runtime import Runtime

PATIENCE_S = 10
DAY = [{"name": "day", "value": "${yyyy-mm-dd}"}]


def _flow(publish) -> str:
    nodes = [
        {"id": "a", "type": "QUICK"},
        {"id": "b", "type": "FAIL", "config": {"failures": 1}},
        {"id": "c", "type": "QUICK"},
    ]
    return publish("orders", nodes=nodes, lines=[{"from": "a", "to": "b"}, {"from": "b", "to": "c"}])


def test_a_failed_instance_is_retried_from_its_failed_nodes_with_earlier_results_kept(runtime: Runtime, publish):
    failed = runtime.instances.wait(runtime.instances.execute(uid=_flow(publish)).uid, PATIENCE_S)
    assert failed.state is State.FAILED
    again = runtime.reruns.retry(failed.uid, failed_only=True)
    ended = runtime.instances.wait(again.uid, PATIENCE_S)
    assert (ended.state, ended.source_uid, ended.trigger) == (State.SUCCEEDED, failed.uid, Trigger.RETRY)
    assert ended.counts.read == 1  # only c moved rows in this run
    assert {run.node_id: run.state for run in runtime.instances.node_runs(ended.uid)} == {
        "a": State.SUCCEEDED,
        "b": State.SUCCEEDED,
        "c": State.SUCCEEDED,
    }


def test_a_portion_can_be_retried(runtime: Runtime, publish, gate) -> None:
    gate.gate.set()
    nodes = [{"id": node, "type": "GATE", "config": {"label": node}} for node in "abc"]
    uid = publish("orders", nodes=nodes, lines=[{"from": "a", "to": "b"}, {"from": "b", "to": "c"}])
    first = runtime.instances.wait(runtime.instances.execute(uid=uid).uid, PATIENCE_S)
    again = runtime.reruns.retry(first.uid, portion=Portion(Extent.FROM, "b"))
    runtime.instances.wait(again.uid, PATIENCE_S)
    assert gate.order == ["a", "b", "c", "b", "c"]
    with pytest.raises(InvalidParameter, match="no node 'z'"):
        runtime.reruns.retry(first.uid, portion=Portion(Extent.FROM, "z"))


def test_a_retry_may_change_values_and_the_service_date_but_add_no_parameters(runtime: Runtime, publish, gate) -> None:
    gate.gate.set()
    uid = publish("orders", "GATE", config={"label": "${day} ${n}"}, params=[*DAY, {"name": "n", "value": "1"}])
    first = runtime.instances.wait(runtime.instances.execute(uid=uid, params={"n": "2"}).uid, PATIENCE_S)
    moment = round(datetime(2024, 2, 29, 12).timestamp() * 1000)
    runtime.instances.wait(runtime.reruns.retry(first.uid, service_date=moment).uid, PATIENCE_S)
    runtime.instances.wait(runtime.reruns.retry(first.uid, params={"day": "x"}).uid, PATIENCE_S)
    assert gate.order[1:] == ["2024-02-29 2", "x 2"]
    with pytest.raises(InvalidParameter, match="no parameter 'colour'"):
        runtime.reruns.retry(first.uid, params={"colour": "red"})


def test_only_a_finished_instance_can_be_retried(runtime: Runtime, publish, gate) -> None:
    run = runtime.instances.execute(uid=publish("orders", "GATE"))
    assert gate.started.acquire(timeout=PATIENCE_S)
    with pytest.raises(InstanceNotFinished, match="RUNNING"):
        runtime.reruns.retry(run.uid)


def test_a_backfill_runs_every_date_once_oldest_first(runtime: Runtime, publish, gate) -> None:
    gate.gate.set()
    uid = publish("orders", "GATE", config={"label": "${day}"}, params=DAY)
    progress = runtime.reruns.backfill(date(2024, 2, 27), date(2024, 3, 2), uid=uid)
    assert progress.total == 5
    for instance in runtime.instances.list(InstanceFilter(), uid=uid):
        runtime.instances.wait(instance.uid, PATIENCE_S)
    assert gate.order == ["2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02"]
    done = runtime.reruns.progress(progress.backfill.uid)
    assert (done.finished, done.states, gate.most_together) == (5, {State.SUCCEEDED: 5}, 1)


def test_a_backfill_runs_as_many_at_a_time_as_asked_and_can_be_stopped(runtime: Runtime, publish, gate) -> None:
    uid = publish("orders", "GATE")
    progress = runtime.reruns.backfill(date(2024, 1, 1), date(2024, 1, 9), uid=uid, parallel=2)
    for _ in range(2):
        assert gate.started.acquire(timeout=PATIENCE_S)
    assert not gate.started.acquire(timeout=0.2)
    stopped = runtime.reruns.stop_backfill(progress.backfill.uid)
    assert (stopped.finished, stopped.states) == (9, {State.TERMINATED: 9})
    reasons = {one.reason for one in runtime.instances.list(InstanceFilter(), uid=uid) if one.reason}
    assert reasons <= {Reason.USER}


@pytest.mark.parametrize(
    ("first", "last", "parallel"),
    [(date(2024, 1, 2), date(2024, 1, 1), 1), (date(2000, 1, 1), date(2024, 1, 1), 1), (date(2024, 1, 1),) * 2 + (0,)],
)
def test_a_backfill_that_makes_no_sense_is_refused_whole(runtime: Runtime, publish, first, last, parallel) -> None:
    uid = publish("orders")
    with pytest.raises(InvalidParameter):
        runtime.reruns.backfill(first, last, uid=uid, parallel=parallel)
    assert runtime.instances.list(InstanceFilter(), uid=uid) == []
    with pytest.raises(InstanceNotFound):
        runtime.reruns.progress("nowhere")
