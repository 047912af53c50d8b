"""Flows: branches, portions, assigned values, containers, called tasks, resuming."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from marshmallow import INCLUDE, Schema

from fdl_trigger.config import Settings
from fdl_trigger.domain.errors import InvalidParameter
from fdl_trigger.domain.flow import Extent, Portion
from fdl_trigger.domain.parameters import Parameter, ParameterType
from fdl_trigger.domain.records import LOCAL, Counts
from fdl_trigger.domain.states import Reason, State, Trigger
from fdl_trigger.domain.triggering import new_instance
from fdl_trigger.nodes.context import FlowContext
from fdl_trigger.nodes.errors import NodeError
from fdl_trigger.runtime import Runtime

PATIENCE_S = 10


class _AnySchema(Schema):
    class Meta:
        unknown = INCLUDE


class Script:
    """A node that does what its configuration says, and remembers what it saw."""

    schema = _AnySchema
    is_container = False

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.barrier = threading.Barrier(2)
        self.fail = True

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        return ()

    def run(self, config: Mapping[str, Any], context: FlowContext) -> Counts:
        self.seen.append(context.resolve(config.get("say", context.node_id)))
        if config.get("meet"):
            self.barrier.wait(PATIENCE_S)
        if "assign" in config:
            context.assign(config["assign"])
        if "choose" in config:
            context.choose(config["choose"])
        if "log" in config:
            from fdl_trigger.domain.states import Level

            context.log(Level.BASIC, context.resolve(config["log"]))
        if "call" in config:
            called = context.call_task(config["call"], config.get("params", {}))
            if called.state is not State.SUCCEEDED:
                raise NodeError(f"{config['call']} {called.state.lower()}: {called.message}")
        if config.get("fail") and self.fail:
            raise NodeError("as told")
        return Counts(read=1)


class Repeat:
    """A container that runs its inside a few times."""

    schema = _AnySchema
    is_container = True

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        return ()

    def run(self, config: Mapping[str, Any], context: FlowContext) -> Counts:
        for number in range(config["times"]):
            failure = context.run_inner({"loopTimes": number + 1})
            if failure:
                raise NodeError(f"in round {number + 1}: {failure}")
        return Counts()


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def rt(settings: Settings, script: Script) -> Iterator[Runtime]:
    with Runtime(settings, node_types={"SCRIPT": script, "REPEAT": Repeat()}) as runtime:
        yield runtime


def _publish(rt: Runtime, name: str, nodes: dict[str, dict[str, Any]], lines: Iterable[str] = (), **more: Any) -> str:
    """Publish a flow written as {"a": config} and lines written as "a>b" (or "a?b" for on-failure)."""
    document = {
        "workName": name,
        "nodes": [
            {"id": key, "type": config.pop("type", "SCRIPT"), **config.pop("node", {}), "config": config}
            for key, config in nodes.items()
        ],
        "lines": [
            {"from": line[0], "to": line[-1], "condition": {">": "SUCCESS", "?": "FAILURE", "*": "ALWAYS"}[line[1]]}
            for line in lines
        ],
        **more,
    }
    return rt.tasks.publish(uid=rt.tasks.save(document).uid).uid


def _run(rt: Runtime, uid: str, **params: Any):
    return rt.instances.wait(rt.instances.execute(uid=uid, params=params).uid, PATIENCE_S)


def _states(rt: Runtime, uid: str) -> dict[str, str]:
    return {run.node_id: run.state.value for run in rt.instances.node_runs(uid)}


def test_independent_branches_run_side_by_side(rt: Runtime, script: Script) -> None:
    uid = _publish(rt, "o", {"a": {"meet": True}, "b": {"meet": True}, "c": {}}, ["a>c", "b>c"])
    assert _run(rt, uid).state is State.SUCCEEDED
    assert script.seen[-1] == "c"


def test_one_failed_branch_fails_the_instance_and_the_others_finish(rt: Runtime) -> None:
    ended = _run(rt, _publish(rt, "o", {"a": {"fail": True}, "b": {}, "c": {}, "d": {}}, ["a>b", "c>d"]))
    assert (ended.state, ended.message) == (State.FAILED, "node 'a': as told")
    assert _states(rt, ended.uid) == {"a": "FAILED", "b": "SKIPPED", "c": "SUCCEEDED", "d": "SUCCEEDED"}


def test_assigned_values_reach_the_nodes_downstream_and_no_others(rt: Runtime, script: Script) -> None:
    nodes = {"a": {"assign": {"day": "friday"}}, "b": {"say": "b ${day}"}, "c": {"say": "c ${day}"}}
    params = [{"name": "day", "value": "monday"}]
    assert _run(rt, _publish(rt, "o", nodes, ["a>b"], params=params)).state is State.SUCCEEDED
    assert {"b friday", "c monday"} <= set(script.seen)


def test_a_node_can_refer_to_how_others_ended(rt: Runtime, script: Script) -> None:
    nodes = {
        "a": {"fail": True},
        "b": {"say": "${a.opresult}: ${prepose.failedInfo}"},
        "c": {"say": "${b.opresult} ${o.opresult}"},
    }
    uid = _publish(rt, "o", nodes, ["a?b", "b>c"])
    _run(rt, uid)
    assert script.seen[-2:] == ["error: a: as told", "success "]
    _run(rt, uid)
    assert script.seen[-1] == "success error"


def test_a_choice_skips_the_branches_not_taken(rt: Runtime) -> None:
    ended = _run(rt, _publish(rt, "o", {"a": {"choose": ["b"]}, "b": {}, "c": {}, "d": {}}, ["a>b", "a>c", "c>d"]))
    assert ended.state is State.SUCCEEDED
    assert _states(rt, ended.uid) == {"a": "SUCCEEDED", "b": "SUCCEEDED", "c": "SKIPPED", "d": "SKIPPED"}


def test_choosing_a_node_that_is_not_next_is_an_error(rt: Runtime) -> None:
    ended = _run(rt, _publish(rt, "o", {"a": {"choose": ["z"]}, "b": {}}, ["a>b"]))
    assert "no line leads from here to a node 'z'" in (ended.message or "")


def test_a_container_runs_its_inside_as_often_as_it_says(rt: Runtime, script: Script) -> None:
    inside = {
        "nodes": [
            {"id": "x", "type": "SCRIPT", "config": {"say": "x${loopTimes}"}},
            {"id": "y", "type": "SCRIPT", "config": {"say": "y${loopTimes}"}},
        ],
        "lines": [{"from": "x", "to": "y"}],
    }
    ended = _run(rt, _publish(rt, "o", {"loop": {"type": "REPEAT", "times": 3, "node": inside}}))
    assert ended.state is State.SUCCEEDED
    assert script.seen == ["x1", "y1", "x2", "y2", "x3", "y3"]
    assert _states(rt, ended.uid) == {"loop": "SUCCEEDED", "loop/x": "SUCCEEDED", "loop/y": "SUCCEEDED"}


def test_a_failure_inside_a_container_fails_the_container(rt: Runtime) -> None:
    inside = {"nodes": [{"id": "x", "type": "SCRIPT", "config": {"fail": True}}]}
    ended = _run(rt, _publish(rt, "o", {"loop": {"type": "REPEAT", "times": 3, "node": inside}}))
    assert ended.message == "node 'loop': in round 1: node 'x': as told"


@pytest.mark.parametrize(
    ("extent", "ran"),
    [
        (Extent.FROM, ["b", "c"]),
        (Extent.ONLY, ["b"]),
        (Extent.UP_TO, ["a", "b"]),
        (Extent.WHOLE, ["a", "z", "b", "c"]),
    ],
)
def test_a_portion_runs_that_part_of_the_flow_and_nothing_else(rt: Runtime, script: Script, extent, ran) -> None:
    uid = _publish(rt, "o", {"a": {}, "z": {}, "b": {}, "c": {}}, ["a>b", "z>c", "b>c"])
    task = rt.tasks.get(uid=uid)
    definition = rt.store.catalog.definition(task.id, 1)
    portion = Portion(extent, "b")
    if extent is Extent.UP_TO:
        assert definition.flow.selected(portion) == {"a", "b"}
    new = new_instance(task, definition, Trigger.CODE, "me", {}, portion=portion)
    created = rt.store.instances.create(new, LOCAL.did("test", "test"))
    assert rt.instances.wait(created.uid, PATIENCE_S).state is State.SUCCEEDED
    assert sorted(script.seen) == sorted(ran)


def test_a_called_task_runs_as_an_instance_of_its_own(rt: Runtime, script: Script) -> None:
    called = _publish(rt, "called", {"x": {"say": "got ${n}"}}, params=[{"name": "n", "value": "0"}])
    ended = _run(rt, _publish(rt, "caller", {"a": {"call": "called", "params": {"n": "7"}}}))
    assert ended.state is State.SUCCEEDED
    assert "got 7" in script.seen
    (record,) = rt.store.records.matching(_of(rt.tasks.get(uid=called).id))
    assert (record.trigger, record.trigger_by, record.state) == (Trigger.PARENT, ended.uid, State.SUCCEEDED)


def test_callers_waiting_for_their_tasks_never_use_up_the_slots(rt: Runtime) -> None:
    _publish(rt, "called", {"x": {}}, control={"instancePolicy": "parallel", "parallelLimit": 9})
    caller = _publish(
        rt, "caller", {"a": {"call": "called"}}, control={"instancePolicy": "parallel", "parallelLimit": 9}
    )
    runs = [rt.instances.execute(uid=caller) for _ in range(9)]
    assert {rt.instances.wait(run.uid, PATIENCE_S).state for run in runs} == {State.SUCCEEDED}


def test_a_failing_called_task_fails_its_caller(rt: Runtime) -> None:
    _publish(rt, "called", {"x": {"fail": True}})
    ended = _run(rt, _publish(rt, "caller", {"a": {"call": "called"}}))
    assert ended.message == "node 'a': called failed: node 'x': as told"


def test_tasks_that_call_in_a_circle_are_stopped(rt: Runtime) -> None:
    one = _publish(rt, "one", {"a": {"call": "two"}})
    _publish(rt, "two", {"a": {"call": "one"}})
    ended = _run(rt, one)
    assert ended.state is State.FAILED
    assert "must not call in a circle" in (ended.message or "")


def test_a_task_that_cannot_be_called_says_why(rt: Runtime) -> None:
    rt.tasks.save({"workName": "draft", "nodes": [{"id": "n", "type": "SCRIPT"}]})
    assert "never been published" in (_run(rt, _publish(rt, "x", {"a": {"call": "draft"}})).message or "")
    assert "there is no task 'nobody'" in (_run(rt, _publish(rt, "y", {"a": {"call": "nobody"}})).message or "")


def test_terminating_a_caller_ends_the_called_task_too(settings: Settings, gate) -> None:
    script = Script()
    with Runtime(settings, node_types={"SCRIPT": script, "GATE": gate}) as rt:
        called = rt.tasks.save({"workName": "called", "nodes": [{"id": "n", "type": "GATE"}]})
        rt.tasks.publish(uid=called.uid)
        run = rt.instances.execute(uid=_publish(rt, "caller", {"a": {"call": "called"}}))
        assert gate.started.acquire(timeout=PATIENCE_S)
        rt.instances.terminate(run.uid)
        while not (ended := rt.instances.get(run.uid)).state.is_final:
            threading.Event().wait(0.01)
        (child,) = rt.store.records.matching(_of(called.id))
        assert (ended.state, child.state, gate.together) == (State.TERMINATED, State.TERMINATED, 0)


def _of(task_id: int):
    from fdl_trigger.domain.records import InstanceFilter

    return InstanceFilter(task_id=task_id)


def test_finished_nodes_are_not_run_again_when_an_instance_is_resumed(settings: Settings, gate) -> None:
    script = Script()
    types = {"SCRIPT": script, "GATE": gate}
    nodes = [
        {"id": "a", "type": "SCRIPT", "config": {"assign": {"day": "friday"}}},
        {"id": "b", "type": "GATE", "config": {"label": "${day}"}},
    ]
    document = {
        "workName": "o",
        "nodes": nodes,
        "lines": [{"from": "a", "to": "b"}],
        "control": {"recovery": {"rerun": True}},
    }
    with Runtime(settings, node_types=types) as rt:
        run = rt.instances.execute(uid=rt.tasks.publish(uid=rt.tasks.save(document).uid).uid)
        assert gate.started.acquire(timeout=PATIENCE_S)
    gate.gate.set()
    with Runtime(settings, node_types=types) as rt:
        assert rt.instances.wait(run.uid, PATIENCE_S).state is State.SUCCEEDED
    assert script.seen == ["a"]
    assert gate.order == ["friday", "friday"]


def test_global_parameters_are_known_everywhere_and_lose_against_the_task(rt: Runtime, script: Script) -> None:
    rt.globals.save(Parameter("host", ParameterType.STRING, "example.com"))
    rt.globals.save(Parameter("day", ParameterType.STRING, "global"))
    uid = _publish(rt, "o", {"a": {"say": "${host} ${day}"}}, params=[{"name": "day", "value": "own"}])
    assert _run(rt, uid).state is State.SUCCEEDED
    assert script.seen == ["example.com own"]
    rt.globals.delete("host")
    assert "${host} is not a parameter" in (_run(rt, uid).message or "")


def test_a_secret_is_used_and_never_shown(rt: Runtime, script: Script, settings: Settings) -> None:
    rt.globals.save(Parameter("token", ParameterType.SECRET, "canary-global"))
    params = [{"name": "token", "type": "SECRET"}, {"name": "pin", "type": "SECRET"}]
    uid = _publish(rt, "o", {"a": {"say": "${token} ${pin}", "log": "with ${token} and ${pin}"}}, params=params)
    ended = _run(rt, uid, pin="canary-called")
    assert script.seen == ["canary-global canary-called"]
    texts = [line.text for line in rt.instances.log(ended.uid)]
    assert "with ****** and ******" in texts
    assert "canary" not in str(ended)
    assert [one.value for one in rt.globals.list()] == ["******"]
    failed = _run(rt, uid)
    assert failed.reason is Reason.BUILD
    assert "'pin' has no value" in (failed.message or "")
    rt.store.audit.newest()
    for path in Path(settings.store.path).parent.glob("runtime.db*"):
        assert b"canary" not in path.read_bytes()


def test_what_nodes_assign_is_sealed_in_the_record_and_masked_in_the_log(
    rt: Runtime, script: Script, settings: Settings
) -> None:
    nodes = {"a": {"assign": {"access_token": "canary-assigned"}}, "b": {"log": "with ${access_token}"}}
    ended = _run(rt, _publish(rt, "o", nodes, ["a>b"]))
    assert ended.state is State.SUCCEEDED
    assert "with ******" in [line.text for line in rt.instances.log(ended.uid)]
    for path in Path(settings.store.path).parent.glob("runtime.db*"):
        assert b"canary" not in path.read_bytes()


@pytest.mark.parametrize("value", ["\ud800", float("nan"), object()])
def test_values_that_cannot_be_kept_are_refused(rt: Runtime, value: object) -> None:
    with pytest.raises(InvalidParameter, match="cannot be kept"):
        rt.instances.execute(uid=_publish(rt, "o", {"a": {}}), params={"day": value})


def test_terminating_ends_a_loop_and_what_runs_inside_it(settings: Settings, gate) -> None:
    with Runtime(settings, node_types={"GATE": gate}) as rt:
        loop = {
            "id": "loop",
            "type": "LOOP",
            "config": {"forEach": {"parameter": "numbers"}},
            "nodes": [{"id": "x", "type": "GATE"}],
        }
        task = rt.tasks.save({"workName": "o", "nodes": [loop], "params": [{"name": "numbers", "value": "1,2,3"}]})
        run = rt.instances.execute(uid=rt.tasks.publish(uid=task.uid).uid)
        assert gate.started.acquire(timeout=PATIENCE_S)
        rt.instances.terminate(run.uid)
        while not (ended := rt.instances.get(run.uid)).state.is_final:
            threading.Event().wait(0.01)
        assert (ended.state, gate.together, len(gate.order)) == (State.TERMINATED, 0, 1)
        assert _states(rt, run.uid) == {"loop": "TERMINATED", "loop/x": "TERMINATED"}
