"""A long statement ends within 5 seconds of a stop, on each database, and leaves nothing running on the server."""

import os
import signal
import time
from contextlib import closing
from threading import Event, Thread, Timer

import pytest
from database_targets import SLOW

from fdl_trigger.domain.records import Connection
from fdl_trigger.nodes import NODE_TYPES
from fdl_trigger.nodes.databases import open_database
from fdl_trigger.nodes.errors import NodeError, Stopped

LIMIT_S = 5.0
RUNNING = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fdl-trigger' AND state = 'active'",
    "mysql": "SELECT count(*) FROM information_schema.processlist WHERE command = 'Query' AND id <> connection_id()",
}


def running(warehouse):
    return warehouse.execute(RUNNING[warehouse.kind])[0][0] if warehouse.kind in RUNNING else 0


def wait_until(condition, seconds=10):
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def stopped(warehouse, context, act):
    """Stop while the statement runs; return after how many seconds the node had ended."""
    ended = []
    done = Event()

    def run():
        try:
            act()
        except BaseException as error:
            ended.append(error)
        done.set()

    thread = Thread(target=run)
    thread.start()
    if warehouse.kind == "sqlite":
        time.sleep(0.5)  # nothing tells what runs inside SQLite
    else:
        wait_until(lambda: running(warehouse))
    started = time.monotonic()
    context.stop()
    assert done.wait(LIMIT_S + 5)
    took = time.monotonic() - started
    thread.join()
    assert [type(error) for error in ended] == [Stopped]
    return took


def script(bench, context, sql, **settings):
    node = NODE_TYPES["SQL_SCRIPT"]
    return node.run(node.schema().load({"connection": "warehouse", "sql": sql, **settings}), context)


@pytest.mark.parametrize("transaction", [False, True])
def test_a_long_statement_of_a_script(bench, warehouse, transaction):
    warehouse.execute("CREATE TABLE t (id INTEGER)")
    context = bench.context()
    sql = f"INSERT INTO t VALUES (1); {SLOW[warehouse.kind]}; INSERT INTO t VALUES (2)"
    assert stopped(warehouse, context, lambda: script(bench, context, sql, transaction=transaction)) < LIMIT_S
    wait_until(lambda: not running(warehouse))
    assert warehouse.execute("SELECT count(*) FROM t") == [(0 if transaction else 1,)]


def test_a_long_statement_of_a_source(bench, warehouse):
    context = bench.context()
    source = {"type": "SQL", "connection": "warehouse", "sql": SLOW[warehouse.kind]}
    act = lambda: bench.run(source, target={"mode": "AUTO_CREATE"}, context=context)  # noqa: E731
    assert stopped(warehouse, context, act) < LIMIT_S
    wait_until(lambda: not running(warehouse))


def test_waiting_for_a_lock(bench, api, warehouse):
    warehouse.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)")
    warehouse.execute("INSERT INTO t VALUES (1, 0)")
    api.replies["/x"] = [{"id": 1, "n": 1}]
    context = bench.context()
    with closing(warehouse.connect()) as other:
        cursor = other.cursor()
        cursor.execute({"sqlite": "BEGIN IMMEDIATE"}.get(warehouse.kind, "BEGIN"))
        cursor.execute("UPDATE t SET n = 9 WHERE id = 1")
        assert stopped(warehouse, context, lambda: bench.run({"url": api.url + "/x"}, context=context)) < LIMIT_S
        cursor.execute("ROLLBACK")
        cursor.close()
    assert warehouse.execute("SELECT n FROM t") == [(0,)]


def test_a_stop_between_two_statements_is_not_lost(bench, warehouse):
    context = bench.context()
    with open_database(context.connection("warehouse"), context) as database:
        database.interrupt()
        started = time.monotonic()
        with pytest.raises(Exception, match="interrupted"), database.query(SLOW[warehouse.kind], (), 10) as rows:
            rows.fetch()
        assert time.monotonic() - started < LIMIT_S


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_server_that_no_longer_listens_is_left(bench, request, kind):
    server = request.getfixturevalue({"postgresql": "postgresql_server", "mysql": "mariadb_server"}[kind])
    bench.connections["warehouse"] = Connection("warehouse", kind, server.settings)
    context = bench.context()
    with open_database(context.connection("warehouse"), context) as database:
        ours = database.execute("SELECT pg_backend_pid()" if kind == "postgresql" else "SELECT connection_id()").rows[
            0
        ][0]
        pid = ours if kind == "postgresql" else int((server.directory / "pid").read_text())
        stopped_at = []

        def fall_asleep():
            os.kill(pid, signal.SIGSTOP)
            stopped_at.append(time.monotonic())
            database.interrupt()

        timer = Timer(0.5, fall_asleep)
        timer.start()
        try:
            with pytest.raises(NodeError), database.query(SLOW[kind], (), 10) as rows:
                rows.fetch()
            took = time.monotonic() - stopped_at[0]
        finally:
            timer.join()
            os.kill(pid, signal.SIGCONT)
    if kind == "mysql":
        with open_database(context.connection("warehouse"), context) as database:
            database.execute(f"KILL {ours}")
    assert took < LIMIT_S
