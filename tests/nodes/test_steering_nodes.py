"""CONDITION, LOOP, CALL_TASK and VIRTUAL steer: what they ask of the flow, and when they fail."""

import pytest
from marshmallow import ValidationError

from fdl_trigger.domain.definition import flatten
from fdl_trigger.domain.states import Level, State
from fdl_trigger.nodes import NODE_TYPES
from fdl_trigger.nodes.context import Called
from fdl_trigger.nodes.errors import NodeError, Stopped


def condition(parameter="x", operator="=", value="", **more):
    return {"parameter": parameter, "operator": operator, "value": value, **more}


def branch(to, *conditions, **more):
    return {"to": [to], "conditions": list(conditions), **more}


def chosen(bench, *branches, otherwise=()):
    return bench.run_node("CONDITION", {"branches": list(branches), "else": list(otherwise)}).chosen


@pytest.mark.parametrize(
    ("operator", "value", "holds"),
    [
        ("=", "10", True),
        ("=", "10.0", True),
        (">", "9", True),
        ("<", "9", False),
        ("!=", "${same}", False),
        ("CONTAINS", "1", True),
        ("IS_EMPTY", "", False),
        ("IS_NOT_EMPTY", "", True),
    ],
)
def test_a_condition_compares_a_parameter(bench, operator, value, holds):
    bench.params = {"x": 10, "same": "10"}
    taken = chosen(bench, branch("yes", condition("x", operator, value)), otherwise=["no"])
    assert taken == ["yes" if holds else "no"]


def test_the_first_branch_that_holds_is_taken(bench):
    bench.params = {"x": 5}
    high, positive = condition("x", ">", 7), condition("x", ">", 0)
    assert chosen(bench, branch("a", high), branch("b", positive), branch("c", positive)) == ["b"]


def test_conditions_are_joined_by_all_or_any(bench):
    bench.params = {"x": 5}
    true, false = condition("x", "=", 5), condition("x", "=", 6)
    both = [branch("all", true, false), branch("any", true, false, match="ANY")]
    assert chosen(bench, *both) == ["any"]


def test_no_branch_and_no_else_leads_nowhere(bench):
    bench.params = {"x": 5}
    context = bench.context()
    bench.run_node("CONDITION", {"branches": [branch("a", condition("x", "=", 6))]}, context)
    assert context.chosen == []
    assert context.logged(Level.BASIC) == ["no branch holds: on to nothing"]


def test_a_parameter_is_compared_never_evaluated(bench):
    bench.params = {"x": "${y}", "y": "secret"}
    assert chosen(bench, branch("a", condition("x", "=", "secret")), otherwise=["b"]) == ["b"]


def test_an_unknown_parameter_fails_the_condition(bench):
    with pytest.raises(NodeError, match="is not a parameter"):
        chosen(bench, branch("a", condition("nothing")))


def looped(bench, config, inner=lambda values: None, context=None):
    seen = []
    context = context or bench.context()
    context.inner = lambda values: (seen.append(dict(values)), inner(values))[1]
    bench.run_node("LOOP", config, context)
    return seen


@pytest.mark.parametrize(
    ("value", "items"),
    [
        (["a", "b"], ["a", "b"]),
        ('["a", 1.50, null]', ["a", "1.50", None]),
        ("a, b ,c", ["a", "b", "c"]),
        ("", []),
        ("[]", []),
        ("one", ["one"]),
        (7, [7]),
    ],
)
def test_a_loop_runs_for_each_value(bench, value, items):
    bench.params = {"list": value}
    seen = looped(bench, {"forEach": {"parameter": "list"}})
    assert [values["item"] for values in seen] == items
    assert [values["loopTimes"] for values in seen] == list(range(1, len(items) + 1))


def test_members_of_a_row_have_names_of_their_own(bench):
    bench.params = {"rows": [{"id": 1, "name": "x"}]}
    seen = looped(bench, {"forEach": {"parameter": "rows", "item": "row"}})
    assert seen == [{"row": {"id": 1, "name": "x"}, "row.id": 1, "row.name": "x", "loopTimes": 1}]


def test_more_values_than_a_loop_takes_fail_it_before_it_begins(bench):
    bench.params = {"list": list(range(129))}
    seen = []
    with pytest.raises(NodeError, match="holds 129 values, the loop takes at most 128"):
        looped(bench, {"forEach": {"parameter": "list"}}, seen.append)
    assert seen == []
    assert len(looped(bench, {"forEach": {"parameter": "list"}, "maxTimes": 129})) == 129


def test_a_loop_runs_while_a_condition_holds(bench):
    bench.params = {"more": "yes"}
    context = bench.context()

    def inner(values):
        if values["loopTimes"] == 3:
            context.assign({"more": "no"})

    assert len(looped(bench, {"while": {"conditions": [condition("more", "=", "yes")]}}, inner, context)) == 3


def test_a_loop_whose_condition_does_not_end_fails(bench):
    config = {"while": {"conditions": [condition("loopTimes", "<=", 6)]}, "maxTimes": 5}
    with pytest.raises(NodeError, match="still holds after 5 times"):
        looped(bench, config)
    assert len(looped(bench, {**config, "maxTimes": 6})) == 6


def test_a_failing_time_ends_the_loop(bench):
    bench.params = {"list": "a,b,c"}
    seen = []
    with pytest.raises(NodeError, match="time 2: node 'x': refused"):
        looped(
            bench,
            {"forEach": {"parameter": "list"}},
            lambda values: (seen.append(values["item"]), "node 'x': refused" if values["item"] == "b" else None)[1],
        )
    assert seen == ["a", "b"]


def test_a_loop_that_continues_tells_its_failures_at_its_end(bench):
    bench.params = {"list": "a,b,c"}
    context = bench.context()
    seen = []
    with pytest.raises(NodeError, match="1 of 3 times failed"):
        looped(
            bench,
            {"forEach": {"parameter": "list"}, "continueOnFailure": True},
            lambda values: (seen.append(values["item"]), "refused" if values["item"] == "b" else None)[1],
            context,
        )
    assert seen == ["a", "b", "c"]
    assert context.logged(Level.WARN) == ["time 2 failed, the loop goes on: refused"]


def test_a_stop_ends_a_loop(bench):
    context = bench.context()
    with pytest.raises(Stopped):
        looped(
            bench,
            {"while": {"conditions": [condition("loopTimes", ">", 0)]}, "maxTimes": 10_000},
            lambda values: context.stop() if values["loopTimes"] == 7 else None,
            context,
        )


def test_broken_json_is_no_list(bench):
    bench.params = {"list": "[1, 2"}
    with pytest.raises(NodeError, match="no JSON list"):
        looped(bench, {"forEach": {"parameter": "list"}})


def test_a_called_task_gets_parameters_and_must_succeed(bench):
    bench.params = {"day": "2026-11-22"}
    got = []
    context = bench.context()
    context.tasks["other"] = lambda params: (got.append(params), Called("u-1", State.SUCCEEDED, ""))[1]
    bench.run_node("CALL_TASK", {"task": "other", "params": {"from": "${day}", "n": 3}}, context)
    assert got == [{"from": "2026-11-22", "n": "3"}]
    assert context.logged(Level.BASIC) == ["task 'other' ended succeeded (instance u-1)"]


@pytest.mark.parametrize("state", [State.FAILED, State.TERMINATED])
def test_a_called_task_that_does_not_succeed_fails_the_node(bench, state):
    context = bench.context()
    context.tasks["other"] = lambda params: Called("u-1", state, "node 'x': refused")
    with pytest.raises(NodeError, match=f"task 'other' ended {state.lower()}: node 'x': refused"):
        bench.run_node("CALL_TASK", {"task": "other"}, context)


def test_a_virtual_node_does_nothing(bench):
    assert bench.run_node("VIRTUAL", {}).lines == []


@pytest.mark.parametrize(
    ("kind", "config", "key"),
    [
        ("VIRTUAL", {"x": 1}, "x"),
        ("CONDITION", {"branches": []}, "branches"),
        ("CONDITION", {"branches": [branch("a")]}, "branches.0.conditions"),
        ("CONDITION", {"branches": [branch("a", condition(operator="~"))]}, "branches.0.conditions.0.operator"),
        ("CONDITION", {"branches": [branch("a", condition("a b"))]}, "branches.0.conditions.0.parameter"),
        ("CONDITION", {"branches": [{"conditions": [condition()]}]}, "branches.0.to"),
        ("LOOP", {}, "forEach"),
        ("LOOP", {"forEach": {"parameter": "a"}, "while": {"conditions": [condition()]}}, "forEach"),
        ("LOOP", {"forEach": {"parameter": "a"}, "maxTimes": 10_001}, "maxTimes"),
        ("LOOP", {"forEach": {"parameter": "a"}, "maxTimes": 0}, "maxTimes"),
        ("LOOP", {"forEach": {"parameter": "a", "item": "${x}"}}, "forEach.item"),
        ("CALL_TASK", {}, "task"),
        ("CALL_TASK", {"task": "a", "params": [1]}, "params.0"),
    ],
)
def test_a_mistake_is_named_by_its_key(kind, config, key):
    with pytest.raises(ValidationError) as caught:
        NODE_TYPES[kind].schema().load(config)
    found = [place for place, _ in flatten(caught.value.normalized_messages())]
    assert found == [key.replace(".0", "[0]")]


def test_only_a_loop_is_a_container():
    assert [name for name, kind in NODE_TYPES.items() if kind.is_container] == ["LOOP"]
