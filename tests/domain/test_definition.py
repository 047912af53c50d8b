"""A definition document is read whole or refused with every mistake at once."""

import pytest

from fdl_trigger.domain.definition import Definition
from fdl_trigger.domain.errors import DefinitionInvalid
from fdl_trigger.domain.flow import Condition, Flow, Judgment, Line, Node
from fdl_trigger.domain.states import Level, Overlap, Priority, State

SMALLEST = {"workName": "orders", "nodes": [{"id": "n1", "type": "DATA_SYNC"}]}


def _problems(document: dict) -> dict[str, str]:
    with pytest.raises(DefinitionInvalid) as caught:
        Definition.parse(document)
    return dict(caught.value.details["problems"])  # type: ignore[call-overload]


def test_the_smallest_document_gets_the_documented_defaults() -> None:
    definition = Definition.parse(SMALLEST)
    control = definition.control
    assert definition.flow.nodes[0].name == "n1"
    assert (control.priority, control.overlap, control.log_level) == (Priority.MEDIUM, Overlap.QUEUE, Level.WARN)
    assert (control.retry.times, control.timeout_s, control.dirty_threshold) == (0, None, None)
    assert (control.rerun_lost, control.parallel_limit) == (False, 1)
    assert definition.document["workId"] == definition.uid


def test_the_complete_shape_of_the_contract_is_read() -> None:
    definition = Definition.parse(
        {
            "workId": "9CD75924-F2DC-4FB9-9CA0-441C1943157D",
            "workName": "orders_api_to_db",
            "folder": "/demo",
            "description": "",
            "params": [{"name": "day", "type": "DATE", "value": "${yyyy-mm-dd-1}"}],
            "nodes": [
                {"id": "n1", "name": "token", "type": "PARAM_ASSIGN", "judgment": "ALL", "config": {}},
                {"id": "n2", "name": "sync", "type": "DATA_SYNC", "judgment": "ANY", "config": {"source": {}}},
            ],
            "lines": [{"from": "n1", "to": "n2", "condition": "SUCCESS"}],
            "control": {
                "timeoutMinutes": 5,
                "retry": {"enabled": True, "times": 3, "intervalMinutes": 2},
                "dirtyThreshold": 10,
                "priority": "HIGH",
                "logLevel": "INFO",
                "instancePolicy": "QUEUE_ALL",
            },
        }
    )
    assert definition.uid == "9cd75924-f2dc-4fb9-9ca0-441c1943157d"
    assert (definition.control.timeout_s, definition.control.retry.interval_s) == (300, 120)
    assert definition.control.overlap is Overlap.QUEUE


def test_every_mistake_is_reported_with_its_key() -> None:
    problems = _problems(
        {
            "workId": "no uuid",
            "nodes": [{"id": "a b"}],
            "params": [{"name": "1x", "type": "MONEY"}],
            "control": {"retry": {"enabled": True, "times": 101}, "instancePolicy": "maybe", "timeoutMinutes": 0},
            "colour": "red",
        }
    )
    assert problems.keys() >= {
        "workId",
        "workName",
        "nodes[0].id",
        "nodes[0].type",
        "params[0].name",
        "params[0].type",
        "control.retry.times",
        "control.timeoutMinutes",
        "colour",
    }


def test_a_policy_that_does_not_exist_is_named() -> None:
    assert (
        "queue, skip, replace, parallel"
        in _problems({**SMALLEST, "control": {"instancePolicy": "maybe"}})["control.instancePolicy"]
    )


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ([{"from": "n1", "to": "nowhere"}], "lines[0].to"),
        ([{"from": "nowhere", "to": "n1"}], "lines[0].from"),
        ([{"from": "n1", "to": "n1"}], "lines"),
    ],
)
def test_lines_must_join_nodes_that_exist_without_a_circle(lines: list, key: str) -> None:
    assert key in _problems({**SMALLEST, "lines": lines})


def test_ids_and_parameter_names_are_used_once() -> None:
    node, parameter = SMALLEST["nodes"][0], {"name": "day", "value": "1"}
    problems = _problems({**SMALLEST, "nodes": [node, node], "params": [parameter, parameter]})
    assert problems.keys() == {"nodes[1].id", "params[1].name"}


def _node(node_id: str, judgment: Judgment = Judgment.ALL) -> Node:
    return Node(node_id, node_id, "ANY", judgment, {})


def test_nodes_are_walked_after_all_that_leads_to_them() -> None:
    lines = tuple(Line(a, b, Condition.ALWAYS) for a, b in [("c", "b"), ("b", "a"), ("c", "a")])
    flow = Flow((_node("a"), _node("b"), _node("c")), lines)
    assert [node.id for node in flow.in_order()] == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("judgment", "first", "second", "starts"),
    [
        (Judgment.ALL, State.SUCCEEDED, State.SUCCEEDED, True),
        (Judgment.ALL, State.SUCCEEDED, State.FAILED, False),
        (Judgment.ANY, State.SUCCEEDED, State.FAILED, True),
        (Judgment.ANY, State.SKIPPED, State.FAILED, False),
        (Judgment.ALL, State.SUCCEEDED, State.SKIPPED, False),
    ],
)
def test_judgment_joins_the_incoming_lines(judgment, first, second, starts) -> None:
    target = _node("t", judgment)
    lines = (Line("a", "t", Condition.SUCCESS), Line("b", "t", Condition.SUCCESS))
    flow = Flow((_node("a"), _node("b"), target), lines)
    assert flow.may_start(target, {"a": first, "b": second}) is starts
