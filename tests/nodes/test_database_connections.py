"""Connections to databases: their settings, their drivers, and nodes that use them inside a running service."""

import sys
import time

import pytest
from database_targets import SLOW
from marshmallow import ValidationError

from fdl_trigger.domain.definition import flatten
from fdl_trigger.domain.records import Connection
from fdl_trigger.domain.states import State
from fdl_trigger.nodes.connection_schemas import load_settings
from fdl_trigger.nodes.databases import open_database
from fdl_trigger.nodes.errors import BuildError
from fdl_trigger.runtime import Runtime

SETTINGS = {"host": "db", "user": "u", "database": "d"}
RUNNING_S = 15.0


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"host": None}, "host"),
        ({"port": 0}, "port"),
        ({"port": "5432"}, "port"),
        ({"user": ""}, "user"),
        ({"database": "a\0b"}, "database"),
        ({"tls": {"mode": "MAYBE"}}, "tls.mode"),
        ({"tls": {"mode": "VERIFY_CA"}}, "tls.caFile"),
        ({"tls": {"certFile": "c.pem"}}, "tls.keyFile"),
    ],
)
def test_a_mistake_in_the_settings_is_named_by_its_key(kind, wrong, key):
    with pytest.raises(ValidationError) as caught:
        load_settings(kind, {**SETTINGS, **wrong})
    assert [found for found, _ in flatten(caught.value.normalized_messages())] == [key]


def test_ports_have_the_defaults_of_their_servers():
    assert load_settings("postgresql", SETTINGS)["port"] == 5432
    assert load_settings("mysql", SETTINGS)["port"] == 3306


@pytest.mark.parametrize(
    ("kind", "driver", "extra"), [("postgresql", "psycopg", "postgres"), ("mysql", "pymysql", "mysql")]
)
def test_a_driver_that_is_not_installed_is_named_with_the_extra_that_brings_it(bench, monkeypatch, kind, driver, extra):
    monkeypatch.setitem(sys.modules, driver, None)
    monkeypatch.delitem(sys.modules, f"fdl_trigger.nodes.databases.{kind}", raising=False)
    with pytest.raises(BuildError, match=rf"pip install 'fdl-trigger\[{extra}\]'"):
        open_database(Connection("w", kind, SETTINGS), bench.context())


@pytest.fixture
def service(settings, warehouse):
    with Runtime(settings) as runtime:
        runtime.connections.save(warehouse.connection)
        yield runtime


def started(service, name, *nodes, **more):
    document = {"workName": name, "nodes": [{"id": f"n{index}", **node} for index, node in enumerate(nodes)], **more}
    task = service.tasks.save(document)
    service.tasks.publish(uid=task.uid)
    return service.instances.execute(uid=task.uid).uid


def script(sql, **more):
    return {"type": "SQL_SCRIPT", "config": {"connection": "warehouse", "sql": sql, **more}}


def test_a_flow_of_a_script_and_a_copy_runs_in_the_service(service, warehouse):
    copy = {
        "type": "DATA_SYNC",
        "config": {
            "source": {"type": "SQL", "connection": "warehouse", "sql": "SELECT id, name FROM a WHERE id <= ${most}"},
            "target": {"connection": "warehouse", "table": "b", "mode": "AUTO_CREATE"},
            "write": {"keys": ["id"]},
        },
    }
    fill = script(
        "CREATE TABLE a (id INTEGER, name VARCHAR(9)); INSERT INTO a VALUES (1, 'x'), (2, 'y'), (3, 'z');"
        " SELECT max(id) - 1 AS most FROM a",
        assign=[{"parameter": "most", "from": "CELL", "column": "most"}],
    )
    uid = started(service, "copy", fill, copy, lines=[{"from": "n0", "to": "n1"}])
    instance = service.instances.wait(uid, RUNNING_S)
    assert instance.state is State.SUCCEEDED, instance
    assert warehouse.execute("SELECT id, name FROM b ORDER BY id") == [(1, "x"), (2, "y")]


def test_terminating_an_instance_ends_its_statement(service, warehouse):
    warehouse.execute("CREATE TABLE ready (id INTEGER)")
    uid = started(service, "slow", script(f"INSERT INTO ready VALUES (1); {SLOW[warehouse.kind]}"))
    wait_until(lambda: warehouse.execute("SELECT count(*) FROM ready") == [(1,)], RUNNING_S)
    time.sleep(0.3)  # nothing tells that the second statement has begun
    service.instances.terminate(uid)
    wait_until(lambda: [run.state for run in service.instances.node_runs(uid)] == [State.TERMINATED], 5)
    assert service.instances.get(uid).state is State.TERMINATED


def wait_until(condition, seconds):
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.05)
