"""Task files: every mistake with its file and key, references looked up late, export that applies again."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdl_trigger import task_files
from fdl_trigger.domain.definition import Definition
from fdl_trigger.domain.errors import DefinitionInvalid
from fdl_trigger.domain.records import Connection
from fdl_trigger.task_files import TaskFilesInvalid

TASK = """
[[tasks]]
workName = "orders"
[[tasks.nodes]]
id = "n1"
type = "DATA_SYNC"
[tasks.nodes.config.source]
type = "API"
url = "https://api.example.com/orders"
connection = "orders_api"
[tasks.nodes.config.target]
connection = "warehouse"
table = "orders"
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def check_connection(connection):
    if connection.kind == "nope":
        raise DefinitionInvalid("wrong", problems=[("kind", "there is no such kind")])
    if connection.kind == "sqlite" and not isinstance(connection.settings.get("path"), str):
        raise DefinitionInvalid("wrong", problems=[("path", "is missing")])


def problems(*paths: Path, known=("orders_api", "warehouse")):
    found = task_files.check(task_files.read(paths), Definition.parse, check_connection, known)
    return [(Path(problem.source).name, problem.key, problem.reason) for problem in found]


def test_a_good_file_has_no_problems(tmp_path):
    assert problems(write(tmp_path, "a.toml", TASK)) == []


def test_a_task_may_stand_at_the_top_level(tmp_path):
    path = write(tmp_path, "a.toml", 'workName = "one"\n[[nodes]]\nid = "n1"\ntype = "VIRTUAL"\n')
    [task] = task_files.read([path]).tasks
    assert (task.name, task.at("nodes[0].id")) == ("one", "nodes[0].id")
    assert problems(path) == []


def test_every_mistake_of_every_file_is_told_with_its_key(tmp_path):
    first = write(
        tmp_path,
        "a.toml",
        '[[tasks]]\nworkNam = "x"\n[[tasks.nodes]]\nid = "n 1"\ntype = "VIRTUAL"\n[connections.db]\npath = "x.db"\n',
    )
    second = write(tmp_path, "b.toml", "[[tasks]\n")
    third = write(tmp_path, "c.toml", TASK.replace("warehouse", "warehose") + "[taks]\n")
    found = {(file, key): reason for file, key, reason in problems(first, second, third, tmp_path / "d.toml")}
    assert found["a.toml", "tasks[0].workName"] == "Missing data for required field."
    assert found["a.toml", "tasks[0].workNam"] == "Unknown field."
    assert found["a.toml", "tasks[0].nodes[0].id"] == "String does not match expected pattern."
    assert found["a.toml", "connections.db.kind"] == "Missing data for required field."
    assert "line 1" in found["b.toml", ""]
    assert found["c.toml", "tasks[0].nodes[0].config.target.connection"] == (
        "there is no connection 'warehose', did you mean 'warehouse'?"
    )
    assert found["c.toml", "taks"] == "unknown key, did you mean 'tasks'?"
    assert found["d.toml", ""] == "cannot be read: No such file or directory"


def test_names_used_twice_across_files_are_told(tmp_path):
    first = write(tmp_path, "a.toml", TASK + '[connections.db]\nkind = "sqlite"\npath = "a.db"\n')
    second = write(tmp_path, "b.toml", TASK + '[connections.db]\nkind = "sqlite"\npath = "b.db"\n')
    assert problems(first, second) == [
        ("b.toml", "tasks[0].workName", f"'orders' is already used by tasks[0] of {first}"),
        ("b.toml", "connections.db", f"is already defined in {first}"),
    ]


def test_dates_become_text_and_infinities_are_told(tmp_path):
    text = TASK + '[[tasks.params]]\nname = "day"\ntype = "DATE"\nvalue = 2026-01-02\n'
    path = write(tmp_path, "a.toml", text)
    assert task_files.read([path]).tasks[0].document["params"][0]["value"] == "2026-01-02"
    path = write(tmp_path, "b.toml", text.replace("2026-01-02", "inf"))
    assert ("b.toml", "tasks[0].params[0].value", "inf is not a number") in problems(path)


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        ("tasks = 5\n", "tasks", "is a list: write each task as [[tasks]]"),
        ("tasks = [5]\n", "tasks[0]", "is not a table"),
        ("connections = 5\n", "connections", "holds tables: write each as [connections.NAME]"),
        ("[connections]\na = 5\n", "connections.a", "is a table: write it as [connections.NAME]"),
        (
            'workName = "a"\nnodes = []\ntasks = []\n',
            "tasks",
            "a file holds [[tasks]] or one task at its top level, not both",
        ),
    ],
)
def test_wrong_shapes_are_told(tmp_path, text, key, reason):
    assert ("a.toml", key, reason) in problems(write(tmp_path, "a.toml", text))


def test_references_are_looked_up_when_applied(tmp_path):
    write(tmp_path, "token", " from-file \n")
    path = write(
        tmp_path,
        "a.toml",
        '[connections.api]\nkind = "api"\n[connections.api.authorization]\ntype = "BASIC"\n'
        'user = {env = "API_USER"}\npassword = {file = "token"}\n',
    )
    files = task_files.read([path])
    assert files.problems == ()
    [connection] = task_files.resolve(files, {"API_USER": "me"})
    assert connection == Connection(
        "api", "api", {"authorization": {"type": "BASIC", "user": "me", "password": "from-file"}}
    )


def test_every_reference_that_leads_nowhere_is_told(tmp_path):
    path = write(
        tmp_path,
        "a.toml",
        '[connections.a]\nkind = "api"\nx = {env = "ABSENT"}\n[connections.b]\nkind = "api"\ny = [{file = "absent"}]\n',
    )
    with pytest.raises(TaskFilesInvalid) as caught:
        task_files.resolve(task_files.read([path]), {})
    assert [(problem.key, problem.reason) for problem in caught.value.problems] == [
        ("connections.a.x", "the environment has no ABSENT"),
        ("connections.b.y[0]", "absent cannot be read: No such file or directory"),
    ]


def test_connections_are_checked_without_looking_anything_up(tmp_path):
    path = write(
        tmp_path,
        "a.toml",
        '[connections.a]\nkind = "nope"\n[connections.b]\nkind = "sqlite"\n'
        '[connections.c]\nkind = "sqlite"\npath = { env = "ABSENT" }\n',
    )
    assert problems(path) == [
        ("a.toml", "connections.a.kind", "there is no such kind"),
        ("a.toml", "connections.b.path", "is missing"),
    ]


def test_an_export_applies_again_to_the_same_definition(tmp_path):
    document = {
        "workId": "7c1ad0d8-5a29-4a4a-8a53-3b62a1d6a4d7",
        "workName": '订单 "orders"',
        "params": [{"name": "day", "type": "DATE", "value": "${yyyy-mm-dd-1}"}, {"name": "empty", "value": None}],
        "nodes": [
            {
                "id": "n1",
                "type": "DATA_SYNC",
                "config": {
                    "source": {
                        "url": "https://x.example/ü?a=1&b=\\",
                        "body": {"type": "JSON", "content": '{\n  "a": [1, 2.5]\n}\n'},
                        "headers": {"X-Empty": "", "with.dot": "x"},
                        "params": [],
                    },
                    "target": {"connection": "db", "table": "t", "fields": [{"name": "id", "length": 5}]},
                    "write": {"transaction": True, "keys": ["id"]},
                },
            }
        ],
        "lines": [],
        "control": {"timeoutMinutes": None, "retry": {"enabled": True, "times": 2, "intervalMinutes": 0.5}},
    }
    text = task_files.dump(document)
    assert text.startswith("# uses the connections: db\n")
    [entry] = task_files.read([write(tmp_path, "a.toml", text)]).tasks
    again, before = Definition.parse(entry.document), Definition.parse(document)
    assert (again.uid, again.params, again.flow, again.control) == (
        before.uid,
        before.params,
        before.flow,
        before.control,
    )
    assert task_files.same_document(entry.document, document)


def test_a_null_inside_a_list_cannot_be_exported():
    with pytest.raises(ValueError, match=r"nodes\[0\].config.values\[1\] is null"):
        task_files.dump({"nodes": [{"config": {"values": [1, None]}}]})


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    TEXT | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(config=st.dictionaries(TEXT, VALUES, max_size=5))
def test_any_configuration_survives_export_and_reading(config, tmp_path_factory):
    document = {"workName": "x", "nodes": [{"id": "n1", "type": "T", "config": config}]}
    path = write(tmp_path_factory.mktemp("export"), "a.toml", "")
    path.write_bytes(task_files.dump(document).encode())
    [entry] = task_files.read([path]).tasks
    assert json.dumps(entry.document, sort_keys=True) == json.dumps(document, sort_keys=True)


def test_documents_are_compared_without_their_id_and_their_empty_values():
    left = {"workId": "a", "workName": "x", "folder": "", "nodes": [{"id": "n1", "name": None}], "lines": []}
    assert task_files.same_document(left, {"workName": "x", "nodes": [{"id": "n1"}]})
    assert not task_files.same_document(left, {"workName": "y", "nodes": [{"id": "n1"}]})
    assert not task_files.same_document(left, None)
