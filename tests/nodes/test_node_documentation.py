"""Each node type has its section: every setting in a table, and an example that runs as it stands."""

import re
import tomllib
from pathlib import Path

import pytest
from api_server import Reply
from marshmallow import Schema, fields

from fdl_trigger import task
from fdl_trigger.domain.definition import Definition
from fdl_trigger.domain.functions import FUNCTIONS
from fdl_trigger.domain.states import Level, State
from fdl_trigger.nodes import NODE_TYPES, node_types
from fdl_trigger.nodes.context import Called

DOCUMENTATION = (Path(__file__).parents[2] / "docs" / "nodes.md").read_text()
SECTIONS = dict(re.findall(r"^## ([A-Z_]+)\n(.*?)(?=^## |\Z)", DOCUMENTATION, re.DOTALL | re.MULTILINE))
KINDS = node_types(("SHELL", "PYTHON"))


def example(kind):
    [found] = re.findall(r"```toml\n(.*?)```", SECTIONS[kind], re.DOTALL)
    [node] = tomllib.loads(found)["nodes"]
    assert node["type"] == kind
    return node


def run(bench, kind, context=None):
    return bench.run_node(kind, example(kind).get("config", {}), context)


def nested_keys(schema: Schema):
    for field in schema.fields.values():
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            yield from (found.data_key or name for name, found in inner.schema.fields.items())
            yield from nested_keys(inner.schema)


def explained(key, text):
    return re.search(rf"^\|.*`{re.escape(key)}`", text, re.MULTILINE) is not None


def test_every_node_type_has_a_section():
    assert set(SECTIONS) == set(NODE_TYPES)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_section_explains_every_setting(kind):
    own = [field.data_key or name for name, field in KINDS[kind].schema().fields.items()]
    assert [key for key in own if not explained(key, SECTIONS[kind])] == []
    # What is written alike in several nodes has its table in one of the sections.
    assert [key for key in nested_keys(KINDS[kind].schema()) if not explained(key, DOCUMENTATION)] == []


def at(api, kind):
    node = example(kind)
    target = node["config"].get("source", node["config"])
    target["url"] = target["url"].replace("https://api.example.com", api.url)
    return node["config"]


def test_the_example_of_param_assign_runs(api, bench):
    bench.params = {"user": "me"}
    api.replies["/login"] = {"token": "abc", "accounts": [{"id": 1}, {"id": 2}]}
    assert bench.run_node("PARAM_ASSIGN", at(api, "PARAM_ASSIGN")).assigned == {"token": "abc", "accounts": [1, 2]}
    assert api.seen[0].body == b"user=me"


def test_the_example_of_http_call_runs(api, bench):
    bench.params = {"id": 7}
    api.replies["/orders/7"] = Reply({"code": 0, "closedAt": "now"}, 409)
    assert bench.run_node("HTTP_CALL", at(api, "HTTP_CALL")).assigned == {"closedAt": "now"}


@pytest.mark.parametrize(("count", "chosen"), [(101, ["copy", "tell"]), (100, ["nothing-to-do"])])
def test_the_example_of_condition_runs(bench, count, chosen):
    bench.params = {"count": count}
    assert run(bench, "CONDITION").chosen == chosen


def test_the_example_of_loop_runs(bench):
    bench.params = {"accounts": [1, 2]}
    context = bench.context()
    seen = []
    context.inner = lambda values: seen.append(dict(values))
    run(bench, "LOOP", context)
    assert seen == [{"account": 1, "loopTimes": 1}, {"account": 2, "loopTimes": 2}]


def test_the_example_of_call_task_runs(bench):
    context = bench.context()
    got = []
    context.tasks["refresh_prices"] = lambda params: (got.append(params), Called("u", State.SUCCEEDED, ""))[1]
    run(bench, "CALL_TASK", context)
    assert got == [{"day": "1969-12-31"}]


def test_the_example_of_virtual_runs(bench):
    assert run(bench, "VIRTUAL").lines == []


def test_the_example_of_shell_runs(bench, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    bench.params = {"folder": str(folder), "file": str(tmp_path / "it's a $(file).tgz")}
    size = run(bench, "SHELL").assigned["size"]
    assert int(size) == Path(bench.params["file"]).stat().st_size > 0


def test_the_example_of_python_runs(bench):
    bench.params = {"values": [1, 2, 6]}
    assert run(bench, "PYTHON").assigned == {"mean": 3}


def test_the_example_of_function_runs(bench):
    [text] = re.findall(r"```python\n(.*?)```", SECTIONS["FUNCTION"], re.DOTALL)
    before = dict(FUNCTIONS)
    try:
        exec(text, {"Level": Level, "task": task, "__name__": __name__})  # noqa: S102 - the example itself
        context = run(bench, "FUNCTION")
    finally:
        FUNCTIONS.clear()
        FUNCTIONS.update(before)
    assert context.assigned == {"total": 12}
    assert context.logged(Level.INFO) == ["adding up 1970-01-01"]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_example_is_a_definition(kind):
    node = example(kind)
    assert re.fullmatch(r"[\w-]{1,64}", node["id"])
    Definition.parse({"workName": "example", "nodes": [node]})
