"""Mistakes in a DATA_SYNC configuration are refused on save, by key and reason; the documentation knows every key."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from marshmallow import Schema, ValidationError, fields

from fdl_trigger.domain.definition import flatten
from fdl_trigger.nodes import NODE_TYPES
from fdl_trigger.nodes.connection_schemas import CONNECTION_SCHEMAS, load_settings
from fdl_trigger.nodes.data_sync import DataSyncSchema
from fdl_trigger.nodes.row_sources import SOURCE_KINDS
from fdl_trigger.nodes.sql_settings import SqlScriptSchema

DOCUMENTATION = (Path(__file__).parents[2] / "docs" / "nodes.md").read_text()
CHANNELS = (Path(__file__).parents[2] / "docs" / "notices.md").read_text()
SOURCE = {"url": "http://example.com/rows"}
TARGET = {"connection": "warehouse", "table": "t"}
PAGED = {"mode": "PAGE_NUMBER", "endOnEmptyPage": True}


def problems(source=None, target=None, **more):
    config = {"source": {**SOURCE, **(source or {})}, "target": {**TARGET, **(target or {})}, **more}
    try:
        DataSyncSchema().load(config)
    except ValidationError as error:
        return flatten(error.normalized_messages())
    return []


def paged(**more):
    return {"pagination": {**PAGED, **more}}


def test_a_node_type_is_registered_under_its_name():
    assert NODE_TYPES["DATA_SYNC"].schema is DataSyncSchema


def test_the_smallest_configuration_is_an_address_and_a_table():
    assert problems() == []


def test_a_configuration_names_its_connections():
    node = NODE_TYPES["DATA_SYNC"]
    config = node.schema().load({"source": {**SOURCE, "connection": "crm"}, "target": TARGET})
    assert list(node.connections(config)) == ["warehouse", "crm"]


def test_source_and_target_are_required():
    with pytest.raises(ValidationError) as caught:
        DataSyncSchema().load({})
    assert {key for key, _ in flatten(caught.value.normalized_messages())} == {"source", "target"}


@pytest.mark.parametrize("path", ["data", "$.", "$..", "$[", "$.a[?@.b=~/x/]", "$.a b", "$['a'", "$" + "[" * 3000])
def test_a_jsonpath_that_is_none_is_refused_with_its_reason(path):
    [(key, reason)] = problems({"jsonPath": path})
    assert key == "source.jsonPath"
    assert reason.startswith("not a JSONPath (RFC 9535): ")


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ({"url": "ftp://x"}, "source.url"),
        ({"url": ""}, "source.url"),
        ({"type": "FILE"}, "source.type"),
        ({"method": "PUT"}, "source.method"),
        ({"params": "a=1"}, "source.params"),
        ({"params": [{"name": "a", "value": {"b": 1}}]}, "source.params[0]"),
        ({"params": [{"name": "a"}, {"value": 1}]}, "source.params[1]"),
        ({"params": [{"name": " ", "value": 1}]}, "source.params[0]"),
        ({"headers": {"bad name": "x"}}, "source.headers"),
        ({"headers": {"X": "a\r\nY: b"}}, "source.headers"),
        ({"headers": {"FDLTimeout": "0"}}, "source.headers"),
        ({"headers": {"FDLTimeout": "1.5"}}, "source.headers"),
        ({"authorization": {"type": "DIGEST"}}, "source.authorization.type"),
        ({"authorization": {"type": "BEARER"}}, "source.authorization.token"),
        ({"body": {"type": "JSON", "content": "{}"}}, "source.body"),
        ({"method": "POST", "body": {"type": "XML", "content": {"a": 1}}}, "source.body.content"),
        ({"encoding": "latin-1"}, "source.encoding"),
        ({"frequency": {"maxCalls": 0, "periodSeconds": 1}}, "source.frequency.maxCalls"),
        ({"frequency": {"maxCalls": 1, "periodSeconds": 0}}, "source.frequency.periodSeconds"),
        ({"unknown": 1}, "source.unknown"),
        (paged(mode="SCROLL"), "source.pagination.mode"),
        (paged(limit=0), "source.pagination.limit"),
        (paged(limit=10_001), "source.pagination.limit"),
        (paged(initial="x"), "source.pagination.initial"),
        (paged(step=2), "source.pagination.step"),
        (paged(endOnEmptyPage=False), "source.pagination.end"),
        (paged(mode="CURSOR"), "source.pagination.cursorPath"),
        (paged(end={"conditions": []}), "source.pagination.end.conditions"),
        (
            paged(end={"conditions": [{"type": "JSONPATH", "path": "x", "operator": "="}]}),
            "source.pagination.end.conditions[0].path",
        ),
        (
            paged(end={"conditions": [{"type": "STATUS", "operator": "LIKE"}]}),
            "source.pagination.end.conditions[0].operator",
        ),
    ],
)
def test_a_mistake_in_the_source_is_named_by_its_key(source, key):
    assert [found for found, _ in problems(source)] == [key]


@pytest.mark.parametrize(
    ("target", "key"),
    [
        ({"connection": ""}, "target.connection"),
        ({"table": ""}, "target.table"),
        ({"table": "a\0b"}, "target.table"),
        ({"mode": "DROP"}, "target.mode"),
        ({"mode": "AUTO_CREATE", "table": "a b"}, "target.table"),
        ({"mode": "AUTO_CREATE", "table": "1a"}, "target.table"),
        ({"mode": "AUTO_CREATE", "table": 'a"; DROP TABLE x; --'}, "target.table"),
        ({"fields": {"a": "TEXT"}}, "target.mode"),
        ({"mode": "AUTO_CREATE", "fields": {"a": "MONEY"}}, "target.fields[0].type"),
        ({"mode": "AUTO_CREATE", "fields": {"a": "TEXT", "A": "TEXT"}}, "target.fields"),
        ({"mode": "AUTO_CREATE", "createSql": "DROP TABLE t"}, "target.createSql"),
        ({"mode": "AUTO_CREATE", "createSql": "CREATE TABLE t (a)", "fields": {"a": "TEXT"}}, "target.createSql"),
    ],
)
def test_a_mistake_in_the_target_is_named_by_its_key(target, key):
    assert [found for found, _ in problems(target=target)] == [key]


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"mapping": [{"source": "a"}]}, "mapping[0].target"),
        ({"mapping": [{"source": "a", "target": "x"}, {"source": "b", "target": "X"}]}, "mapping"),
        ({"write": {"method": "BY_IDENTIFIER"}}, "write.method"),
        ({"write": {"keys": ["a", "A"]}}, "write.keys"),
        ({"write": {"conflict": "MERGE"}}, "write.conflict"),
        ({"write": {"batchSize": 0}}, "write.batchSize"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_mistake_in_mapping_or_write_is_named_by_its_key(more, key):
    assert [found for found, _ in problems(**more)] == [key]


@pytest.mark.parametrize(
    "source",
    [
        {"url": "${base}/x"},
        {"params": {"a": 1, "b": True, "c": None}},
        {"headers": [{"name": "FDLTimeout", "value": "${seconds}"}]},
        {"headers": {"FDLTimeout": 30}},
        paged(initial=0),
        paged(mode="OFFSET", initial="${first}", step=100),
    ],
)
def test_parameters_and_plain_tables_are_accepted(source):
    assert problems(source) == []


def keys_of(schema: Schema):
    for name, field in schema.fields.items():
        yield field.data_key or name
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            yield from keys_of(inner.schema)


KINDS_OF_SOURCE = [kind.schema for kind in SOURCE_KINDS.values()]
SCHEMAS = (DataSyncSchema, SqlScriptSchema, *KINDS_OF_SOURCE, *CONNECTION_SCHEMAS.values())


@pytest.mark.parametrize("key", sorted({key for schema in SCHEMAS for key in keys_of(schema())}))
def test_the_documentation_explains_every_key(key):
    assert re.search(rf"^\|.*`{re.escape(key)}`", DOCUMENTATION + CHANNELS, re.MULTILINE)


@pytest.mark.parametrize(
    ("kind", "settings", "key"),
    [
        ("sqlite", {}, "path"),
        ("sqlite", {"path": "a\0b"}, "path"),
        ("sqlite", {"path": "a", "maxPages": 0}, "maxPages"),
        ("api", {"authorization": {"type": "BASIC"}}, "authorization.user"),
        ("api", {"headers": {"a b": "c"}}, "headers"),
    ],
)
def test_a_mistake_in_a_connection_is_named_by_its_key(kind, settings, key):
    with pytest.raises(ValidationError) as caught:
        load_settings(kind, settings)
    assert [found for found, _ in flatten(caught.value.normalized_messages())] == [key]


def test_what_only_a_run_needs_is_imported_by_the_first_run():
    script = (
        "import sys, fdl_trigger.nodes; "
        "print([name for name in ('sqlalchemy', 'urllib3', 'jsonpath') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_example_of_the_documentation_is_a_valid_configuration():
    examples = re.findall(r"```toml\n(.*?)```", DOCUMENTATION, re.DOTALL)
    nodes = [node for example in examples for node in tomllib.loads(example).get("nodes", ())]
    assert {"DATA_SYNC", "SQL_SCRIPT"} <= {node["type"] for node in nodes}
    for node in (node for node in nodes if node["type"] in ("DATA_SYNC", "SQL_SCRIPT", "NOTICE")):
        assert NODE_TYPES[node["type"]].schema().load(node["config"])
