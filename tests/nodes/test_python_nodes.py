"""PYTHON nodes call a function in a process of its own; FUNCTION nodes one of the embedding program."""

import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest
from marshmallow import ValidationError

from fdl_trigger import task
from fdl_trigger.domain.functions import FUNCTIONS
from fdl_trigger.domain.states import Level
from fdl_trigger.nodes import node_types
from fdl_trigger.nodes.errors import BuildError, NodeError, Stopped

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="supervision of orphans is Linux's")


def call(bench, function, context=None, **config):
    return bench.run_node("PYTHON", {"call": f"called_functions:{function}", **config}, context)


@pytest.fixture
def function():
    """Register functions for one test."""
    before = dict(FUNCTIONS)
    yield task
    FUNCTIONS.clear()
    FUNCTIONS.update(before)


def test_a_function_gets_values_and_gives_values(bench):
    bench.params = {"day": "2026-11-22", "rows": [{"n": 1}, {"n": "2.50"}], "name": "x"}
    run = call(
        bench,
        "describe",
        args={"day": "${day}", "rows": "${rows}", "limit": {"text": "of ${name}", "list": [1, "${rows}"]}},
        assign=[
            {"parameter": "all"},
            {"parameter": "sum", "path": "$.sum"},
            {"parameter": "second", "path": "$.limit.list[1][1].n"},
        ],
    )
    assert run.assigned["sum"] == "3.50"
    assert run.assigned["second"] == "2.50"
    assert run.assigned["all"]["day"] == "2026-11-22"
    assert run.assigned["all"]["limit"]["text"] == "of x"


def test_what_a_function_prints_and_logs_is_in_the_run_log(bench):
    run = call(bench, "describe", args={"day": "2026-11-22", "rows": []})
    assert {"printed 2026-11-22", "to standard error", "two", "lines"} <= set(run.logged(Level.INFO))
    assert run.logged(Level.WARN) == ["careful"]
    assert run.logged(Level.ERROR) == ["bad"]
    assert run.logged(Level.BASIC) == ["called_functions:describe returned"]


def test_a_function_that_raises_fails_the_node_with_its_traceback(bench):
    context = bench.context()
    with pytest.raises(NodeError, match=r"^called_functions:fail failed: LookupError: nothing for 5$"):
        call(bench, "fail", context, args={"secret": "abcde"})
    [trace] = context.logged(Level.ERROR)
    assert "in fail" in trace
    assert "python_worker" not in trace


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("leave", "ended its process with exit code 7"),
        ("no_json", "TypeError: the function returned a object, which is no JSON"),
        ("nothing_there", "AttributeError"),
        ("not_callable", "TypeError: called_functions:not_callable cannot be called"),
        ("describe", "TypeError: describe\\(\\) missing 2 required"),
    ],
)
def test_a_call_that_comes_to_nothing_says_why(bench, function, message):
    with pytest.raises(NodeError, match=message):
        call(bench, function)


def test_a_module_that_is_not_there_is_named(bench):
    with pytest.raises(NodeError, match="No module named 'no_such_module'"):
        bench.run_node("PYTHON", {"call": "no_such_module:f"})


def test_a_path_of_the_node_comes_first(bench, tmp_path):
    (tmp_path / "called_functions.py").write_text("def own(): return 'mine'\n")
    run = call(bench, "own", path=[str(tmp_path)], assign=[{"parameter": "whose"}])
    assert run.assigned == {"whose": "mine"}


def test_a_function_runs_in_a_process_of_its_own(bench):
    run = call(bench, "pid", assign=[{"parameter": "pid"}])
    assert run.assigned["pid"] != os.getpid()
    assert not Path(f"/proc/{run.assigned['pid']}").exists()


def test_a_method_of_a_class_may_be_called_with_much_data(bench):
    bench.params = {"rows": ["x" * 100] * 5000}
    run = call(bench, "Holder.inside", args={"value": "${rows}"}, assign=[{"parameter": "back"}])
    assert run.assigned["back"] == bench.params["rows"]


def test_another_interpreter_runs_with_its_own_modules(bench):
    node = node_types(("PYTHON",), sys.executable)["PYTHON"]
    context = bench.context()
    config = {"call": "platform:python_version", "assign": [{"parameter": "version"}]}
    node.run(node.schema().load(config), context)
    assert context.assigned["version"] == sys.version.split()[0]


def test_arguments_are_not_in_the_list_of_processes(bench):
    bench.params = {"token": "s3cr3t-value"}
    run = call(bench, "command_lines", args={"value": "${token}"}, assign=[{"parameter": "lines"}])
    assert "python_worker" in run.assigned["lines"]
    assert "s3cr3t" not in run.assigned["lines"]


def test_a_stop_ends_the_function_and_its_children(bench, tmp_path):
    context = bench.context()
    context.log = lambda level, text: Thread(target=context.stop).start() if text == "ready" else None
    began = time.monotonic()
    with pytest.raises(Stopped):
        call(bench, "wait_with_a_child", context, args={"directory": str(tmp_path)})
    assert time.monotonic() - began < 5
    pids = [path.name for path in tmp_path.iterdir() if path.name.isdigit()]
    assert len(pids) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({"call": "os.system"}, "call"),
        ({"call": "os:system('id')"}, "call"),
        ({"call": "${module}:f"}, "call"),
        ({"call": "a:b", "args": {"not a name": 1}}, "args"),
        ({"call": "a:b", "assign": [{"parameter": "x"}, {"parameter": "x"}]}, "assign"),
        ({"call": "a:b", "assign": [{"parameter": "x", "path": "$["}]}, "assign"),
    ],
)
def test_a_mistake_is_named_by_its_key(config, key):
    with pytest.raises(ValidationError) as caught:
        node_types(("PYTHON",))["PYTHON"].schema().load(config)
    assert list(caught.value.normalized_messages()) == [key]


def test_a_registered_function_is_called_on_the_thread_of_the_run(bench, function):
    @function("totals")
    def totals(day, factor, context):
        context.log(Level.INFO, f"for {day}")
        return {"total": 3 * factor}

    bench.params = {"day": "2026-11-22", "factor": 4}
    config = {"name": "totals", "args": {"day": "${day}", "factor": "${factor}"}}
    run = bench.run_node("FUNCTION", {**config, "assign": [{"parameter": "total", "path": "$.total"}]})
    assert run.assigned == {"total": 12}
    assert run.logged(Level.INFO) == ["for 2026-11-22"]


def test_a_registered_function_that_raises_fails_the_node(bench, function):
    @function("broken")
    def broken():
        return 1 / 0

    context = bench.context()
    with pytest.raises(NodeError, match="function 'broken' failed: ZeroDivisionError: division by zero"):
        bench.run_node("FUNCTION", {"name": "broken"}, context)
    assert "in broken" in context.logged(Level.ERROR)[0]


def test_a_registered_function_notices_a_stop(bench, function):
    @function("patient")
    def patient(context):
        Thread(target=context.stop).start()
        context.sleep(600)

    with pytest.raises(Stopped):
        bench.run_node("FUNCTION", {"name": "patient"})


def test_a_function_that_is_not_registered_is_a_mistake_of_the_task(bench):
    with pytest.raises(BuildError, match="there is no function 'nobody'"):
        bench.run_node("FUNCTION", {"name": "nobody"})


def test_a_name_belongs_to_one_function(function):
    function("once")(len)
    function("once")(len)
    with pytest.raises(ValueError, match="already has the name 'once'"):
        function("once")(max)


def test_the_decorator_costs_an_embedding_program_no_heavy_import():
    heavy = "('flask', 'marshmallow', 'peewee')"
    script = f"import sys; from fdl_trigger import task; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
