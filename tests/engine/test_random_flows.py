"""Random flows against a simple model of the rules (docs/nodes.md, finedatalink-tasks.md section 3.2)."""

import os
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from marshmallow import INCLUDE, Schema

from fdl_trigger.config import Settings
from fdl_trigger.core.orders import Order
from fdl_trigger.domain.errors import DefinitionInvalid
from fdl_trigger.domain.flow import Condition, Extent, Flow, Judgment, Line, Node, Portion
from fdl_trigger.domain.records import Counts
from fdl_trigger.domain.states import State
from fdl_trigger.engine.walk import Walk
from fdl_trigger.nodes.context import FlowContext
from fdl_trigger.nodes.errors import NodeError, Stopped
from fdl_trigger.runtime import Runtime

FULL = os.environ.get("CAMPAIGN") == "full"
EXAMPLES = 5_000 if FULL else 300
REAL_EXAMPLES = 500 if FULL else 25
MOST_NODES = 12
PATIENCE_S = 30
BIG_LIMIT_S = 30


@dataclass(frozen=True)
class Case:
    """A flow, the part of it that runs, how its nodes end, what ended before, and whom nodes choose to go on."""

    flow: Flow
    portion: Portion
    outcomes: Mapping[str, State]
    finished: frozenset[str]
    choices: Mapping[str, frozenset[str]]


@st.composite
def cases(draw: st.DrawFn, most_nodes: int = MOST_NODES) -> Case:
    names = [f"n{number}" for number in range(draw(st.integers(1, most_nodes)))]
    shuffled = draw(st.permutations(names))
    nodes = tuple(Node(name, name, "SCRIPT", draw(st.sampled_from(Judgment)), {}) for name in shuffled)
    pairs = draw(st.lists(st.sampled_from(list(combinations(names, 2))), max_size=24)) if len(names) > 1 else []
    lines = tuple(Line(source, target, draw(st.sampled_from(Condition))) for source, target in pairs)
    ends = st.sampled_from([State.SUCCEEDED, State.SUCCEEDED, State.FAILED])
    after = {name: sorted({line.target for line in lines if line.source == name}) for name in names}
    choosing = draw(st.sets(st.sampled_from(names), max_size=2))
    return Case(
        flow=Flow(nodes, lines),
        portion=Portion(draw(st.sampled_from(Extent)), draw(st.sampled_from(names))),
        outcomes={name: draw(ends) for name in names},
        finished=draw(st.frozensets(st.sampled_from(names), max_size=4)) if draw(st.booleans()) else frozenset(),
        choices={name: draw(st.frozensets(st.sampled_from(after[name]))) for name in choosing if after[name]},
    )


def portion_of(case: Case) -> set[str]:
    """Return what takes part, by following lines one step at a time."""
    names = {node.id for node in case.flow.nodes}
    if case.portion.extent is Extent.WHOLE:
        return names
    part = {case.portion.node_id}
    for _ in names:
        for line in case.flow.lines:
            if case.portion.extent is Extent.FROM and line.source in part:
                part.add(line.target)
            if case.portion.extent is Extent.UP_TO and line.target in part:
                part.add(line.source)
    return part


def expected(case: Case, part: set[str], finished: Iterable[str]) -> dict[str, State]:
    """Return how every node ends by the rules: look again and again for a node that can be decided."""
    ended = dict.fromkeys(finished, State.SUCCEEDED)
    taking_part = part | ended.keys()
    while undecided := [node for node in case.flow.nodes if node.id in part and node.id not in ended]:
        for node in undecided:
            lines = [line for line in case.flow.lines if line.target == node.id and line.source in taking_part]
            if all(line.source in ended for line in lines):
                votes = [_is_met(case, line, ended[line.source]) for line in lines]
                enough = all(votes) if node.judgment is Judgment.ALL else any(votes) or not votes
                ended[node.id] = case.outcomes[node.id] if enough else State.SKIPPED
    return ended


def _is_met(case: Case, line: Line, state: State) -> bool:
    if state is State.SKIPPED:
        return False  # neither success nor failure
    if state is State.SUCCEEDED and line.target not in case.choices.get(line.source, {line.target}):
        return False
    wanted = {Condition.SUCCESS: State.SUCCEEDED, Condition.FAILURE: State.FAILED}
    return wanted.get(line.condition, state) is state


class Watcher:
    """Runs nodes as a case tells, and keeps when each began and ended."""

    def __init__(self, case: Case, parallel: int) -> None:
        self._case = case
        self._lock = threading.Lock()
        self.began: list[str] = []
        self.over: set[str] = set(case.finished)
        self.skipped: list[str] = []
        self.at_once = self.most_at_once = 0
        self.too_early: list[str] = []
        part = portion_of(case)
        ended = dict.fromkeys(case.finished, State.SUCCEEDED)
        self._part = part
        self.walk = Walk(case.flow, frozenset(part), ended, self._run, self._skip, parallel)
        for name in case.finished:
            self._choose(name)

    def _choose(self, name: str) -> None:
        if name in self._case.choices:
            self.walk.close_lines(name, self._case.choices[name])

    def _run(self, node: Node) -> State:
        with self._lock:
            self.began.append(node.id)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            before = {line.source for line in self._case.flow.lines if line.target == node.id} & self._part
            if not before <= self.over:
                self.too_early.append(node.id)
        state = self._case.outcomes[node.id]
        if state is State.SUCCEEDED:
            self._choose(node.id)
        with self._lock:
            self.at_once -= 1
            self.over.add(node.id)
        return state

    def _skip(self, node: Node) -> None:
        with self._lock:
            self.skipped.append(node.id)
            self.over.add(node.id)


@pytest.mark.campaign
@pytest.mark.parametrize("parallel", [1, 4])
def test_random_flows_end_as_the_rules_say(parallel: int) -> None:
    @examples(max_examples=EXAMPLES, deadline=None)
    @given(cases())
    def check(case: Case) -> None:
        watcher = Watcher(case, parallel)
        ended = watcher.walk.walk()
        wanted = expected(case, portion_of(case), case.finished)
        assert ended == wanted
        new = {name: state for name, state in wanted.items() if name not in case.finished}
        assert Counter(watcher.began) == Counter(name for name, state in new.items() if state is not State.SKIPPED)
        assert Counter(watcher.skipped) == Counter(name for name, state in new.items() if state is State.SKIPPED)
        assert watcher.too_early == []
        assert watcher.most_at_once <= parallel

    check()


@pytest.mark.campaign
@pytest.mark.parametrize("parallel", [1, 4])
def test_a_random_flow_that_is_stopped_starts_nothing_more(parallel: int) -> None:
    @examples(max_examples=EXAMPLES // 3, deadline=None)
    @given(cases(), st.integers(1, MOST_NODES))
    def check(case: Case, last: int) -> None:
        began: list[str] = []

        def run(node: Node) -> State:
            began.append(node.id)
            if len(began) >= last:
                raise Stopped("stopped")
            return case.outcomes[node.id]

        names = frozenset(node.id for node in case.flow.nodes)
        walk = Walk(case.flow, names, {}, run, lambda node: None, parallel)
        try:
            walk.walk()
            assert len(began) < last
        except Stopped:
            assert last <= len(began) < last + parallel

    check()


class _AnySchema(Schema):
    class Meta:
        unknown = INCLUDE


class ScriptNode:
    """Ends as the case in hand says."""

    schema = _AnySchema
    is_container = False

    def __init__(self) -> None:
        self.case: Case | None = None
        self.began: list[str] = []

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        return ()

    def run(self, config: Mapping[str, Any], context: FlowContext) -> Counts:
        self.began.append(context.node_id)
        if self.case is not None and self.case.outcomes[context.node_id] is State.FAILED:
            raise NodeError("as told")
        if self.case is not None and context.node_id in self.case.choices:
            context.choose(self.case.choices[context.node_id])
        return Counts()


def _document(name: str, flow: Flow) -> dict[str, Any]:
    nodes = [{"id": node.id, "type": "SCRIPT", "judgment": node.judgment} for node in flow.nodes]
    lines = [{"from": line.source, "to": line.target, "condition": line.condition} for line in flow.lines]
    return {"workName": name, "nodes": nodes, "lines": lines}


@pytest.mark.campaign
def test_random_flows_end_as_the_rules_say_in_the_service_and_when_retried(settings: Settings) -> None:
    script = ScriptNode()
    with Runtime(settings, node_types={"SCRIPT": script}) as runtime:

        @examples(max_examples=REAL_EXAMPLES, deadline=None)
        @given(cases())
        def check(case: Case) -> None:
            runtime.tasks.publish(uid=runtime.tasks.save(_document("random", case.flow)).uid)
            first = expected(case, portion_of(case), ())
            uid = _ran(
                runtime,
                script,
                case,
                first,
                lambda: runtime.instances.trigger(Order(portion=case.portion), name="random").instance.uid,
            )
            succeeded = {name for name, state in first.items() if state is State.SUCCEEDED}
            script.began.clear()
            again = expected(case, {node.id for node in case.flow.nodes}, succeeded)
            _ran(runtime, script, case, again, lambda: runtime.reruns.retry(uid, failed_only=True).uid)
            assert succeeded.isdisjoint(script.began)

        check()


def _ran(runtime: Runtime, script: ScriptNode, case: Case, wanted: dict[str, State], start: Any) -> str:
    script.case = case
    ended = runtime.instances.wait(start(), PATIENCE_S)
    runs = {run.node_id: run.state for run in runtime.instances.node_runs(ended.uid)}
    assert runs == wanted
    assert ended.state is (State.FAILED if State.FAILED in wanted.values() else State.SUCCEEDED)
    return ended.uid


BIG = 1_000
CHAIN = tuple(Line(f"n{number}", f"n{number + 1}", Condition.SUCCESS) for number in range(BIG - 1))
WIDE = tuple(Line("n0", f"n{number}", Condition.SUCCESS) for number in range(1, BIG))
LAYERS = tuple(
    Line(f"n{number}", f"n{number // 10 * 10 + 10 + step}", Condition.ALWAYS)
    for number in range(BIG - 10)
    for step in range(10)
)


@pytest.mark.parametrize("lines", [(), CHAIN, WIDE, LAYERS], ids=["apart", "chain", "wide", "layers"])
def test_a_flow_of_a_thousand_nodes_is_published_and_run_quickly(settings: Settings, lines: tuple[Line, ...]) -> None:
    script = ScriptNode()
    flow = Flow(tuple(Node(f"n{number}", "", "SCRIPT", Judgment.ALL, {}) for number in range(BIG)), lines)
    with Runtime(settings, node_types={"SCRIPT": script}) as runtime:
        begun = time.monotonic()
        uid = runtime.tasks.publish(uid=runtime.tasks.save(_document("big", flow)).uid).uid
        assert time.monotonic() - begun < BIG_LIMIT_S
        ended = runtime.instances.wait(runtime.instances.execute(uid=uid).uid, BIG_LIMIT_S)
        assert (ended.state, len(script.began)) == (State.SUCCEEDED, BIG)


@pytest.mark.parametrize("size", [2, 3, BIG])
def test_a_circle_is_refused_whatever_its_size(settings: Settings, size: int) -> None:
    lines = [*CHAIN[: size - 1], Line(f"n{size - 1}", "n0", Condition.ALWAYS)]
    flow = Flow(tuple(Node(f"n{number}", "", "SCRIPT", Judgment.ALL, {}) for number in range(size)), tuple(lines))
    with Runtime(settings, node_types={"SCRIPT": ScriptNode()}) as runtime:
        problems = _problems(runtime, _document("round", flow))
    assert [key for key, _ in problems] == ["lines"]
    assert "circle" in problems[0][1]


@examples(max_examples=EXAMPLES // 3, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12))
def test_random_lines_are_refused_exactly_when_they_form_a_circle(pairs: set[tuple[int, int]]) -> None:
    reached = set(pairs)
    for middle in range(7):
        reached |= {(a, d) for a, b in reached for c, d in reached if b == c == middle}
    lines = tuple(Line(f"n{source}", f"n{target}", Condition.ALWAYS) for source, target in sorted(pairs))
    flow = Flow(tuple(Node(f"n{number}", "", "SCRIPT", Judgment.ALL, {}) for number in range(7)), lines)
    assert bool(list(flow.problems())) == any(source == target for source, target in reached)


_NODES = [{"id": "a", "type": "SCRIPT"}, {"id": "b", "type": "VIRTUAL"}]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"lines": [{"from": "a", "to": "gone"}]}, "lines[0].to"),
        ({"lines": [{"from": "a", "to": "b"}, {"from": "gone", "to": "b"}]}, "lines[1].from"),
        ({"lines": [{"from": "a", "to": "b", "condition": "SOMETIMES"}]}, "lines[0].condition"),
        ({"lines": [{"from": "a", "to": "b", "colour": "red"}]}, "lines[0].colour"),
        ({"nodes": [*_NODES, {"id": "a", "type": "SCRIPT"}]}, "nodes[2].id"),
        ({"nodes": [*_NODES, {"id": "c", "type": "TELEPORT"}]}, "nodes[2].type"),
        ({"nodes": [*_NODES, {"id": "c", "type": "SCRIPT", "judgement": "ALL"}]}, "nodes[2].judgement"),
        ({"nodes": [*_NODES, {"id": "c", "type": "SCRIPT", "judgment": "SOME"}]}, "nodes[2].judgment"),
        ({"nodes": [*_NODES, {"id": "c", "type": "VIRTUAL", "config": {"speed": 9}}]}, "nodes[2].config.speed"),
        (
            {"nodes": [*_NODES, {"id": "c", "type": "SCRIPT", "nodes": [{"id": "d", "type": "VIRTUAL"}]}]},
            "nodes[2].nodes",
        ),
        ({"control": {"retries": 3}}, "control.retries"),
        ({"shape": "round"}, "shape"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_flow_with_a_mistake_is_refused_with_its_key(settings: Settings, change: dict[str, Any], key: str) -> None:
    with Runtime(settings, run_engine=False, node_types={"SCRIPT": ScriptNode()}) as runtime:
        problems = _problems(runtime, {"workName": "mistaken", "nodes": _NODES, **change})
    assert [found for found, _ in problems] == [key]
    assert all(reason for _, reason in problems)


def _problems(runtime: Runtime, document: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(DefinitionInvalid) as error:
        runtime.tasks.publish(uid=runtime.tasks.save(document).uid)
    return [(key, reason) for key, reason in error.value.details["problems"]]
