"""A target that is locked, read-only, full or lost: a node error that says what to do."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fdl_trigger.domain.records import Connection
from fdl_trigger.nodes.databases import database
from fdl_trigger.nodes.errors import NodeError

AUTO = {"mode": "AUTO_CREATE"}
NOBODY = 65534


def failure(bench, api, **settings):
    api.replies.setdefault("/rows", [{"id": 1}])
    with pytest.raises(NodeError) as caught:
        bench.run({"url": api.url + "/rows"}, **settings)
    return str(caught.value)


def point_to(bench, path, **more):
    bench.connections["warehouse"] = Connection("warehouse", "sqlite", {"path": str(path), **more})


@contextmanager
def as_somebody_without_rights() -> Iterator[None]:
    """Root may write anywhere, so a test of permissions has to be somebody else meanwhile."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_locked_target_is_waited_for_and_then_reported(api, bench, monkeypatch):
    monkeypatch.setattr(database, "LOCK_PATIENCE_S", 0.1)
    bench.execute("CREATE TABLE t (id INTEGER)")
    holder = sqlite3.connect(bench.path, isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        message = failure(bench, api)
    finally:
        holder.close()
    assert "warehouse is locked by another program for more than 0.1 s; end its transaction" in message
    assert bench.execute("SELECT * FROM t") == []


def test_a_target_that_is_locked_for_a_moment_only_is_written(api, bench):
    bench.execute("CREATE TABLE t (id INTEGER)")
    holder = sqlite3.connect(bench.path, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    context = bench.context()
    wait = context.sleep

    def sleep(seconds):
        holder.rollback()
        wait(seconds)

    context.sleep = sleep
    api.replies["/rows"] = [{"id": 1}]
    try:
        assert bench.run({"url": api.url + "/rows"}, context=context).inserted == 1
    finally:
        holder.close()


def test_a_read_only_target_says_so(api, bench):
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        path = Path(directory) / "target.db"
        database = sqlite3.connect(path)
        database.execute("CREATE TABLE t (id INTEGER)")
        database.close()
        path.chmod(0o444)
        point_to(bench, path)
        with as_somebody_without_rights():
            assert "is read-only; give the service's user write permission" in failure(bench, api)


def test_a_full_target_says_so_and_keeps_what_was_committed(api, bench):
    bench.execute("CREATE TABLE t (id INTEGER, text TEXT)")
    point_to(bench, bench.path, maxPages=40)
    api.replies["/rows"] = [{"id": number, "text": "x" * 1000} for number in range(500)]
    message = failure(bench, api, write={"batchSize": 50})
    assert "is full; free space on its disk" in message
    assert bench.execute("SELECT count(*) % 50, count(*) BETWEEN 50 AND 450 FROM t") == [(0, 1)]


@pytest.mark.parametrize("transaction", [False, True])
def test_a_full_target_keeps_its_old_rows_when_it_was_to_be_replaced_as_a_whole(api, bench, transaction):
    bench.execute("CREATE TABLE t (id INTEGER, text TEXT)")
    bench.execute("INSERT INTO t VALUES (7, 'old')")
    point_to(bench, bench.path, maxPages=40)
    api.replies["/rows"] = [{"id": number, "text": "x" * 1000} for number in range(500)]
    failure(bench, api, write={"method": "EMPTY_THEN_WRITE", "transaction": transaction})
    assert bench.execute("SELECT id FROM t") == [(7,)]


def test_a_directory_that_does_not_exist_is_not_made(api, bench, tmp_path):
    point_to(bench, tmp_path / "gone" / "target.db")
    assert "cannot be opened; its directory must exist" in failure(bench, api, target=AUTO)
    assert not (tmp_path / "gone").exists()


def test_a_target_that_is_a_directory_cannot_be_opened(api, bench, tmp_path):
    point_to(bench, tmp_path)
    assert "cannot be opened" in failure(bench, api, target=AUTO)


def test_a_file_that_is_no_database_is_left_alone(api, bench, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes, not a database\n" * 50)
    point_to(bench, path)
    assert "is not a SQLite database; check the path" in failure(bench, api, target=AUTO)
    assert path.read_text().startswith("these are my notes")


def test_a_path_with_odd_characters_is_a_path(api, bench, tmp_path):
    path = tmp_path / "a b?c#d%20.db"
    point_to(bench, path)
    api.replies["/rows"] = [{"id": 1}]
    assert bench.run({"url": api.url + "/rows"}, target=AUTO).inserted == 1
    assert path.exists()


def test_a_table_that_is_dropped_meanwhile_is_a_node_error(api, bench):
    bench.execute("CREATE TABLE t (id INTEGER)")

    def page(seen):
        if seen.query["p"] == "2":
            bench.execute("DROP TABLE t")
        return [{"id": 1}]

    api.replies["/pages"] = page
    with pytest.raises(NodeError, match="no such table"):
        bench.run(
            {
                "url": api.url + "/pages",
                "params": {"p": "${pageNum}"},
                "pagination": {"mode": "PAGE_NUMBER", "endOnEmptyPage": True},
            }
        )
