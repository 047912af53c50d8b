"""The nodes in flows of the real engine: what one assigns the next one uses; branches, loops and called tasks."""

import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from api_server import Reply

from fdl_trigger.domain.records import Connection
from fdl_trigger.domain.states import Reason, State
from fdl_trigger.runtime import Runtime


@pytest.fixture
def settings(settings):
    return replace(
        settings,
        outgoing=replace(settings.outgoing, loopback=True, request_timeout_s=600),
        nodes=replace(settings.nodes, enabled=("SHELL", "PYTHON")),
        engine=replace(settings.engine, stop_grace_s=5.0),
    )


@pytest.fixture
def ran(runtime):
    """Save, publish and run a task; returns its instance and how its nodes ended."""

    def run(nodes, lines=(), **more):
        joined = [dict(zip(("from", "to"), line.split(" > "), strict=True)) for line in lines]
        document = {"workName": more.pop("name", "t"), "nodes": nodes, "lines": joined, **more}
        task = runtime.tasks.publish(uid=runtime.tasks.save(document).uid)
        instance = runtime.instances.execute(uid=task.uid)
        ended = runtime.instances.wait(instance.uid, 30)
        return ended, {run.node_id: run.state for run in runtime.instances.node_runs(instance.uid)}

    return run


def node(name, kind, config=None, **more):
    return {"id": name, "type": kind, "config": config or {}, **more}


def branch(*to, value):
    return {"to": list(to), "conditions": [{"parameter": "count", "operator": ">", "value": value}]}


def test_what_a_node_assigns_loops_and_branches_use(api, ran):
    api.replies["/list"] = {"rows": [{"id": 1}, {"id": 2}, {"id": 3}]}
    api.replies.update({f"/close/{number}": {"ok": True} for number in (1, 2, 3)})
    assign = [
        {"parameter": "rows", "from": "ROWS"},
        {"parameter": "count", "from": "ROW_COUNT"},
    ]
    ended, states = ran(
        [
            node("get", "PARAM_ASSIGN", {"source": {"url": api.url + "/list", "jsonPath": "$.rows"}, "assign": assign}),
            node(
                "each",
                "LOOP",
                {"forEach": {"parameter": "rows", "item": "row"}},
                nodes=[
                    node("close", "HTTP_CALL", {"url": api.url + "/close/${row.id}", "params": {"n": "${loopTimes}"}})
                ],
            ),
            node("how-many", "CONDITION", {"branches": [branch("many", value=100), branch("some", value=0)]}),
            node("many", "VIRTUAL"),
            node("some", "VIRTUAL"),
        ],
        ["get > each", "get > how-many", "how-many > many", "how-many > some"],
    )
    assert (ended.state, ended.message) == (State.SUCCEEDED, ended.message)
    assert [seen.path for seen in api.seen] == ["/list", "/close/1?n=1", "/close/2?n=2", "/close/3?n=3"]
    assert states["some"] is State.SUCCEEDED
    assert states["many"] is State.SKIPPED


def test_a_while_loop_ends_by_what_its_inside_assigns(api, ran):
    api.replies["/next"] = lambda seen: {"more": len(api.seen) < 3}
    ended, _ = ran(
        [
            node(
                "loop",
                "LOOP",
                {"while": {"conditions": [{"parameter": "more", "operator": "=", "value": "true"}]}, "maxTimes": 10},
                nodes=[
                    node(
                        "ask",
                        "HTTP_CALL",
                        {
                            "url": api.url + "/next",
                            "assign": [{"parameter": "more", "from": "BODY", "path": "$.more"}],
                        },
                    )
                ],
            )
        ],
        params=[{"name": "more", "type": "BOOLEAN", "value": True}],
    )
    assert ended.state is State.SUCCEEDED
    assert len(api.seen) == 3


def test_a_loop_that_fails_fails_its_task(api, ran):
    ended, states = ran(
        [
            node(
                "each",
                "LOOP",
                {"forEach": {"parameter": "list"}},
                nodes=[node("call", "HTTP_CALL", {"url": api.url + "/${item}"})],
            )
        ],
        params=[{"name": "list", "value": "a,b"}],
    )
    assert ended.state is State.FAILED
    assert "time 1: node 'call': GET " in ended.message
    assert states["each"] is State.FAILED


@pytest.mark.skipif(sys.platform != "linux", reason="supervision of orphans is Linux's")
def test_a_program_gives_a_value_to_a_function_and_that_to_a_program(ran):
    back = {"call": "called_functions:Holder.inside", "args": {"value": ["${n}"]}, "assign": [{"parameter": "back"}]}
    ended, _ = ran(
        [
            node("count", "SHELL", {"command": ["echo", "3"], "assign": [{"parameter": "n", "from": "LAST_LINE"}]}),
            node("hand-back", "PYTHON", back),
            node("see", "SHELL", {"command": ["test", "${back}", "=", '["3"]']}),
        ],
        ["count > hand-back", "hand-back > see"],
    )
    assert (ended.state, ended.message) == (State.SUCCEEDED, ended.message)


def test_a_task_calls_another(api, ran):
    api.replies["/x"] = {}
    ran(
        [node("call", "HTTP_CALL", {"url": api.url + "/x", "params": {"d": "${day}"}})],
        name="inner",
        params=[{"name": "day", "value": "none"}],
    )
    ended, _ = ran([node("sub", "CALL_TASK", {"task": "inner", "params": {"day": "today"}})], name="outer")
    assert ended.state is State.SUCCEEDED
    assert [seen.query["d"] for seen in api.seen] == ["none", "today"]


def test_a_branch_to_a_node_no_line_leads_to_fails(ran):
    ended, _ = ran(
        [node("c", "CONDITION", {"branches": [branch("far", value=0)]}), node("far", "VIRTUAL")],
        params=[{"name": "count", "type": "NUMBER", "value": 1}],
    )
    assert ended.state is State.FAILED
    assert "no line leads from here to a node 'far'" in ended.message


def test_a_secret_as_argument_is_a_mistake_of_the_task(ran, runtime):
    task = runtime.tasks.save(
        {
            "workName": "s",
            "params": [{"name": "token", "type": "SECRET", "value": None}],
            "nodes": [node("run", "SHELL", {"command": ["echo", "${token}"]})],
        }
    )
    runtime.tasks.publish(uid=task.uid)
    instance = runtime.instances.execute(uid=task.uid, params={"token": "s3cr3t-value"})
    ended = runtime.instances.wait(instance.uid, 30)
    assert (ended.state, ended.reason) == (State.FAILED, Reason.BUILD)
    assert "the secret 'token' must not be an argument" in ended.message


def terminated(runtime, config, ready):
    """Run a task of one node until it is ready, terminate it; return it ended, and how long that took."""
    task = runtime.tasks.publish(uid=runtime.tasks.save({"workName": "long", "nodes": [config]}).uid)
    instance = runtime.instances.execute(uid=task.uid)
    deadline = time.monotonic() + 20
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.01)  # nothing tells the test what another process has done
    began = time.monotonic()
    runtime.instances.terminate(instance.uid)
    while not (ended := runtime.instances.get(instance.uid)).state.is_final:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return ended, time.monotonic() - began


LONG = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
if os.fork() == 0:
    os.setsid()
    child = subprocess.Popen([sys.executable, "-c", deaf], start_new_session=True, env={})
    open(os.path.join(sys.argv[1], str(child.pid)), "w").close()
    os._exit(0)
open(os.path.join(sys.argv[1], str(os.getpid())), "w").close()
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="supervision of orphans is Linux's")
@pytest.mark.parametrize("kind", ["SHELL", "PYTHON"])
def test_terminating_leaves_no_process(runtime, tmp_path, kind):
    noted = tmp_path / "noted"
    noted.mkdir()
    config = {
        "SHELL": {"command": [sys.executable, "-c", LONG, str(noted)]},
        "PYTHON": {"call": "called_functions:wait_with_a_child", "args": {"directory": str(noted)}},
    }[kind]
    ended, took_s = terminated(runtime, node("long", kind, config), lambda: len(list(noted.iterdir())) == 2)
    assert (ended.state, ended.reason) == (State.TERMINATED, Reason.USER)
    assert took_s < 5
    assert not any(Path("/proc", path.name).exists() for path in noted.iterdir())


def test_terminating_ends_a_stalled_call_and_a_loop(runtime, api):
    api.raw["/stall"] = lambda handler: api.release.wait(30)
    call = node("call", "HTTP_CALL", {"url": api.url + "/stall"})
    loop = {"while": {"conditions": [{"parameter": "loopTimes", "operator": ">", "value": 0}]}, "maxTimes": 10_000}
    ended, took_s = terminated(runtime, node("loop", "LOOP", loop, nodes=[call]), lambda: api.seen)
    assert (ended.state, ended.reason) == (State.TERMINATED, Reason.USER)
    assert took_s < 5
    assert len(api.seen) == 1


@pytest.mark.parametrize("value", ["a\0b", "x" * 200_000, "\u2028", "${workname}"])
def test_no_value_of_a_parameter_makes_a_run_fail_by_itself(ran, runtime, value):
    task = runtime.tasks.save(
        {
            "workName": "odd",
            "params": [{"name": "x", "value": ""}],
            "nodes": [node("run", "SHELL", {"command": ["true", "a${x}"]})],
        }
    )
    runtime.tasks.publish(uid=task.uid)
    instance = runtime.instances.execute(uid=task.uid, params={"x": value})
    ended = runtime.instances.wait(instance.uid, 30)
    assert ended.state.is_final
    assert "internal error" not in (ended.message or "")


@pytest.mark.parametrize("fails", [False, True])
def test_half_characters_can_be_stored(ran, runtime, api, fails):
    api.replies["/x"] = Reply(b'{"a": "half \\ud800"}')
    half = {"call": "called_functions:half", "args": {"fails": fails}, "assign": [{"parameter": "half"}]}
    ask = {"url": api.url + "/x", "assign": [{"parameter": "a", "from": "BODY", "path": "$.a"}]}
    ended, states = ran([node("ask", "HTTP_CALL", ask), node("call", "PYTHON", half)], ["ask > call"])
    assert states["ask"] is State.SUCCEEDED
    assert ended.state is (State.FAILED if fails else State.SUCCEEDED)
    assert "half \ufffd" in str(runtime.instances.log(ended.uid))


@pytest.fixture
def outcome_with(settings):
    """Run one call in a service with these outgoing settings; returns the message of its end."""

    def outcome(url, port=0, **outgoing):
        changed = replace(
            settings,
            outgoing=replace(settings.outgoing, **outgoing),
            server=replace(settings.server, port=port),
        )
        with Runtime(changed) as runtime:
            runtime.connections.save(Connection("near", "api", {"allowLoopback": True}))
            ended = []
            for connection in (None, "near"):
                call = node("call", "HTTP_CALL", {"url": url, "connection": connection})
                task = runtime.tasks.publish(uid=runtime.tasks.save({"workName": "t", "nodes": [call]}).uid)
                instance = runtime.instances.execute(uid=task.uid)
                ended.append(runtime.instances.wait(instance.uid, 30).message or "")
            return ended

    return outcome


def test_the_settings_decide_where_requests_go(api, outcome_with):
    api.replies["/x"] = {}
    port = int(api.url.rpartition(":")[2])
    url = api.url + "/x"
    plain, near = outcome_with(url, loopback=False)
    assert "is this machine itself; only a connection with allowLoopback = true reaches it" in plain
    assert near == ""
    plain, near = outcome_with(url, port=port)
    assert f"port {port} is this service's own" in plain
    assert near == ""
    assert outcome_with(url) == ["", ""]
    assert "private network" in outcome_with("http://10.255.255.1/", private_networks=False)[1]
