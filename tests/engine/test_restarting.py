"""What stopping and starting the service does to instances."""

from dataclasses import replace

import pytest

from fdl_trigger.config import Settings
from fdl_trigger.domain.errors import StoreUnavailable
from fdl_trigger.domain.states import Reason, State
from fdl_trigger.runtime import Runtime

RERUN = {"recovery": {"rerun": True, "attempts": 3}}


def _runtime(settings: Settings, gate) -> Runtime:
    return Runtime(settings, node_types={"GATE": gate})


def _publish(runtime: Runtime, name: str, **more: object) -> str:
    task = runtime.tasks.save({"workName": name, "nodes": [{"id": "n", "type": "GATE"}], **more})
    return runtime.tasks.publish(uid=task.uid).uid


def test_stopping_lets_a_run_finish_within_the_grace(settings: Settings, gate) -> None:
    runtime = _runtime(settings, gate)
    runtime.start()
    run = runtime.instances.execute(uid=_publish(runtime, "orders"))
    assert gate.started.acquire(timeout=10)
    gate.gate.set()
    runtime.stop(grace_s=10)
    with _runtime(settings, gate) as runtime:
        assert runtime.instances.get(run.uid).state is State.SUCCEEDED


def test_stopping_ends_what_does_not_finish_and_keeps_what_waits(settings: Settings, gate) -> None:
    with _runtime(settings, gate) as runtime:
        uid = _publish(runtime, "orders")
        run, waiting = runtime.instances.execute(uid=uid), runtime.instances.execute(uid=uid)
        assert gate.started.acquire(timeout=10)
    gate.gate.set()
    with _runtime(settings, gate) as runtime:
        ended = runtime.instances.get(run.uid)
        assert (ended.state, ended.reason) == (State.TERMINATED, Reason.SHUTDOWN)
        assert runtime.instances.wait(waiting.uid, 10).state is State.SUCCEEDED


def test_a_task_that_may_run_again_goes_back_to_the_queue_on_stop(settings: Settings, gate) -> None:
    with _runtime(settings, gate) as runtime:
        run = runtime.instances.execute(uid=_publish(runtime, "orders", control=RERUN))
        assert gate.started.acquire(timeout=10)
    gate.gate.set()
    with _runtime(settings, gate) as runtime:
        ended = runtime.instances.wait(run.uid, 10)
        assert (ended.state, ended.attempt) == (State.SUCCEEDED, 2)
        lines = runtime.instances.log(run.uid)
        assert [line.seq for line in lines] == list(range(1, len(lines) + 1))


@pytest.mark.parametrize(
    ("control", "state", "reason"),
    [({}, State.TERMINATED, Reason.LOST), (RERUN, State.SUCCEEDED, None)],
)
def test_after_a_crash_nothing_stays_running(settings: Settings, gate, control, state, reason) -> None:
    settings_of_the_dead = replace(settings, engine=replace(settings.engine, slots=1))
    with _runtime(settings_of_the_dead, gate) as runtime:
        uid = _publish(runtime, "orders", control=control)
        gate.gate.set()
        run = runtime.instances.wait(runtime.instances.execute(uid=uid).uid, 10)
        # What a process killed in the middle of a run leaves in the store.
        runtime.store._writer.write(
            lambda raw: raw.execute(
                "UPDATE instance SET state = 'RUNNING', owner = 'dead', finished_at = NULL WHERE uid = ?", (run.uid,)
            )
        )
    with _runtime(settings, gate) as runtime:
        ended = runtime.instances.wait(run.uid, 10)
        assert (ended.state, ended.reason) == (state, reason)


def test_a_second_engine_on_the_same_store_is_refused(settings: Settings, gate) -> None:
    with _runtime(settings, gate), pytest.raises(StoreUnavailable, match="Another process already runs the tasks"):
        _runtime(settings, gate).start()


def test_a_runtime_without_an_engine_works_beside_one_that_runs(settings: Settings, gate) -> None:
    gate.gate.set()
    with _runtime(settings, gate) as server:
        uid = _publish(server, "orders")
        with Runtime(settings, run_engine=False, node_types={"GATE": gate}) as tool:
            run = tool.instances.execute(uid=uid)
            assert tool.instances.wait(run.uid, 10).state is State.SUCCEEDED


def test_readiness_is_empty_while_all_is_well(settings: Settings, gate) -> None:
    with _runtime(settings, gate) as runtime:
        assert runtime.readiness() == {}
