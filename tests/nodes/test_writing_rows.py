"""Write methods, keys and conflict strategies, and what is counted (finedatalink-tasks.md section 8)."""

import sqlite3
import tracemalloc

import pytest

from fdl_trigger.domain.records import Counts
from fdl_trigger.nodes.errors import DirtyLimitExceeded, NodeError

KEYED = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, note TEXT DEFAULT 'kept')"
PLAIN = "CREATE TABLE t (id INTEGER, name TEXT, note TEXT DEFAULT 'kept')"


@pytest.fixture
def write(api, bench):
    """Write rows into the table t; return the counts."""

    def write(*rows, context=None, **settings):
        api.replies["/rows"] = list(rows)
        return bench.run({"url": api.url + "/rows"}, write=settings, context=context)

    return write


def row(key, name):
    return {"id": key, "name": name}


def counts(read, inserted=0, updated=0, skipped=0, dirty=0):
    return Counts(pages=1, read=read, inserted=inserted, updated=updated, skipped=skipped, dirty=dirty)


def test_without_a_key_every_row_is_inserted(write, bench):
    bench.execute(PLAIN)
    assert write(row(1, "a"), row(1, "a")) == counts(2, inserted=2)
    assert write(row(1, "a")) == counts(1, inserted=1)
    assert bench.execute("SELECT count(*) FROM t") == [(3,)]


@pytest.mark.parametrize(
    ("create", "keys"),
    [
        (KEYED, []),
        (PLAIN, ["ID"]),
        ("CREATE TABLE t (id INTEGER, name TEXT, note TEXT DEFAULT 'kept', UNIQUE (id))", ["id"]),
        ("CREATE TABLE t (serial INTEGER PRIMARY KEY, id INTEGER, name TEXT, note TEXT DEFAULT 'kept')", ["id"]),
    ],
    ids=[
        "physical key",
        "logical key",
        "logical key with a unique index",
        "logical key beside an unmapped physical one",
    ],
)
class TestKey:
    def test_update_overwrites_mapped_columns_only(self, write, bench, create, keys):
        bench.execute(create)
        bench.execute("INSERT INTO t (id, name, note) VALUES (1, 'old', 'mine'), (9, 'other', 'mine')")
        assert write(row(1, "new"), row(2, "b"), keys=keys) == counts(2, inserted=1, updated=1)
        assert bench.execute("SELECT id, name, note FROM t ORDER BY id") == [
            (1, "new", "mine"),
            (2, "b", "kept"),
            (9, "other", "mine"),
        ]

    def test_a_second_run_under_update_leaves_as_many_rows(self, write, bench, create, keys):
        bench.execute(create)
        rows = [row(number, f"n{number}") for number in range(2500)]
        assert write(*rows, keys=keys) == counts(2500, inserted=2500)
        assert write(*rows, keys=keys) == counts(2500, updated=2500)
        assert bench.execute("SELECT count(*) FROM t") == [(2500,)]

    def test_the_last_of_several_rows_with_one_key_wins(self, write, bench, create, keys):
        bench.execute(create)
        assert write(row(1, "a"), row(2, "x"), row(1, "b"), row(1, "c"), keys=keys) == counts(4, inserted=2, updated=2)
        assert bench.execute("SELECT id, name FROM t ORDER BY id") == [(1, "c"), (2, "x")]

    def test_skip_leaves_the_table_row_and_is_not_dirty(self, write, bench, create, keys):
        bench.execute(create)
        bench.execute("INSERT INTO t (id, name) VALUES (1, 'old')")
        rows = [row(1, "new"), row(2, "first"), row(2, "second")]
        assert write(*rows, keys=keys, conflict="SKIP") == counts(3, inserted=1, skipped=2)
        assert bench.execute("SELECT id, name FROM t ORDER BY id") == [(1, "old"), (2, "first")]

    def test_dirty_records_the_row_and_goes_on(self, write, bench, create, keys):
        bench.execute(create)
        bench.execute("INSERT INTO t (id, name) VALUES (1, 'old')")
        context = bench.context()
        rows = [row(1, "new"), row(2, "first"), row(2, "second"), row(3, "c")]
        assert write(*rows, keys=keys, conflict="DIRTY", context=context) == counts(4, inserted=2, dirty=2)
        assert bench.execute("SELECT id, name FROM t ORDER BY id") == [(1, "old"), (2, "first"), (3, "c")]
        assert [(kind, dirty) for kind, _, dirty in context.dirty_rows] == [
            ("KEY_CONFLICT", row(1, "new")),
            ("KEY_CONFLICT", row(2, "second")),
        ]

    def test_a_null_in_the_key_is_dirty(self, write, bench, create, keys):
        bench.execute(create)
        context = bench.context()
        assert write(row(None, "a"), row(1, "b"), keys=keys, context=context) == counts(2, inserted=1, dirty=1)
        assert context.dirty_rows[0][0] == "NOT_NULL"


@pytest.mark.parametrize("create", ["PRIMARY KEY (a, b)", "note TEXT"])
def test_a_key_of_two_columns(api, bench, create):
    bench.execute(f"CREATE TABLE t (a TEXT, b INTEGER, name TEXT, {create})")
    api.replies["/rows"] = [
        {"a": "x", "b": 1, "name": "n"},
        {"a": "x", "b": 2, "name": "n"},
        {"a": "x", "b": 1, "name": "m"},
    ]
    assert bench.run({"url": api.url + "/rows"}, write={"keys": ["a", "b"]}) == counts(3, inserted=2, updated=1)
    assert bench.execute("SELECT b, name FROM t ORDER BY b") == [(1, "m"), (2, "n")]


def test_keys_the_database_takes_for_equal_count_as_updates(api, bench):
    bench.execute("CREATE TABLE t (code TEXT COLLATE NOCASE PRIMARY KEY, n INTEGER)")
    api.replies["/rows"] = [{"code": "a", "n": 1}, {"code": "A", "n": 2}, {"code": "b", "n": 3}]
    assert bench.run({"url": api.url + "/rows"}) == counts(3, inserted=2, updated=1)


def test_a_key_sent_as_text_finds_its_number(api, bench):
    bench.execute(KEYED)
    bench.execute("INSERT INTO t (id, name) VALUES (1, 'old')")
    api.replies["/rows"] = [{"id": "1", "name": "new"}]
    assert bench.run({"url": api.url + "/rows"}) == counts(1, updated=1)


def test_a_row_of_nothing_but_its_key_can_be_written_twice(api, bench):
    bench.execute(KEYED)
    api.replies["/rows"] = [{"id": 1}]
    assert bench.run({"url": api.url + "/rows"}) == counts(1, inserted=1)
    assert bench.run({"url": api.url + "/rows"}) == counts(1, updated=1)


def test_a_logical_key_updates_every_row_that_has_it(write, bench):
    bench.execute(PLAIN)
    bench.execute("INSERT INTO t (id, name) VALUES (1, 'a'), (1, 'b')")
    assert write(row(1, "c"), keys=["id"]) == counts(1, updated=1)
    assert bench.execute("SELECT name FROM t") == [("c",), ("c",)]


def test_a_logical_key_that_is_not_written_fails_at_once(write, bench):
    bench.execute(PLAIN)
    with pytest.raises(NodeError, match="key field 'note' is not among the columns"):
        write(row(1, "a"), keys=["note"])


def test_emptying_replaces_the_rows_of_the_table(write, bench):
    bench.execute(KEYED)
    bench.execute("INSERT INTO t (id) VALUES (1), (7)")
    assert write(row(1, "a"), row(2, "b"), method="EMPTY_THEN_WRITE") == counts(2, inserted=2)
    assert bench.execute("SELECT id, name FROM t ORDER BY id") == [(1, "a"), (2, "b")]


def test_emptying_works_without_a_key(write, bench):
    bench.execute(PLAIN)
    bench.execute("INSERT INTO t (id) VALUES (7)")
    assert write(row(1, "a"), row(1, "a"), method="EMPTY_THEN_WRITE") == counts(2, inserted=2)
    assert bench.execute("SELECT id FROM t") == [(1,), (1,)]


def test_after_emptying_equal_keys_in_the_new_data_are_dirty(write, bench):
    bench.execute(KEYED)
    assert write(row(1, "a"), row(1, "b"), method="EMPTY_THEN_WRITE") == counts(2, inserted=1, dirty=1)


def test_after_emptying_equal_keys_may_also_update(write, bench):
    bench.execute(KEYED)
    assert write(row(1, "a"), row(1, "b"), method="EMPTY_THEN_WRITE", conflict="UPDATE") == counts(
        2, inserted=1, updated=1
    )


@pytest.mark.parametrize("transaction", [False, True])
def test_a_dead_source_never_empties_the_table(api, bench, transaction):
    bench.execute(KEYED)
    bench.execute("INSERT INTO t (id) VALUES (7)")
    with pytest.raises(NodeError, match="404"):
        bench.run({"url": api.url + "/gone"}, write={"method": "EMPTY_THEN_WRITE", "transaction": transaction})
    assert bench.execute("SELECT id FROM t") == [(7,)]


@pytest.mark.parametrize("transaction", [False, True])
def test_a_first_page_without_rows_empties_the_table(write, bench, transaction):
    bench.execute(KEYED)
    bench.execute("INSERT INTO t (id) VALUES (7)")
    write(method="EMPTY_THEN_WRITE", transaction=transaction)
    assert bench.execute("SELECT id FROM t") == []


def _pages_that_break_off(api):
    api.replies["/pages"] = lambda seen: [{"id": int(seen.query["p"])}] if int(seen.query["p"]) < 3 else b"broken"
    return {
        "url": api.url + "/pages",
        "params": {"p": "${pageNum}"},
        "pagination": {"mode": "PAGE_NUMBER", "endOnEmptyPage": True},
    }


def test_one_transaction_is_all_or_nothing(api, bench):
    bench.execute(KEYED)
    bench.execute("INSERT INTO t (id) VALUES (7)")
    context = bench.context()
    with pytest.raises(NodeError, match="not JSON"):
        bench.run(
            _pages_that_break_off(api), write={"method": "EMPTY_THEN_WRITE", "transaction": True}, context=context
        )
    assert bench.execute("SELECT id FROM t") == [(7,)]
    assert context.last_progress == Counts(pages=2, read=2)


def test_without_one_transaction_the_batches_before_a_failure_stay(api, bench):
    bench.execute(KEYED)
    bench.execute("INSERT INTO t (id) VALUES (7)")
    with pytest.raises(NodeError, match="not JSON"):
        bench.run(_pages_that_break_off(api), write={"method": "EMPTY_THEN_WRITE"})
    assert bench.execute("SELECT id FROM t ORDER BY id") == [(1,), (2,)]


def test_one_transaction_that_succeeds_is_kept(write, bench):
    bench.execute(KEYED)
    assert write(row(1, "a"), row(2, "b"), transaction=True, batchSize=1) == counts(2, inserted=2)
    assert bench.execute("SELECT count(*) FROM t") == [(2,)]


def test_rows_are_written_in_batches_of_the_chosen_size(write, bench):
    bench.execute(KEYED)
    context = bench.context()
    progress = []
    context.on_progress = lambda counts: progress.append(counts.inserted)
    write(*(row(number, "x") for number in range(5)), batchSize=2, context=context)
    assert progress == [2, 4, 5]


def test_too_many_dirty_rows_keep_the_batches_committed_before(write, bench):
    bench.execute(KEYED)
    bench.execute("INSERT INTO t (id) VALUES (3)")
    context = bench.context()
    context.tolerance = 0
    with pytest.raises(DirtyLimitExceeded):
        write(*(row(n, "x") for n in range(1, 6)), conflict="DIRTY", batchSize=2, context=context)
    assert bench.execute("SELECT id FROM t ORDER BY id") == [(1,), (2,), (3,)]
    assert context.last_progress == counts(5, inserted=2, dirty=1)


def test_a_reader_in_the_way_does_not_stop_the_writer(write, bench):
    bench.execute(KEYED)
    reader = sqlite3.connect(bench.path)
    try:
        reader.execute("SELECT * FROM t").fetchall()
        assert write(row(1, "a")).inserted == 1
    finally:
        reader.close()


def test_a_column_called_rowid_is_not_taken_for_the_row_number(api, bench):
    bench.execute("CREATE TABLE t (rowid TEXT, oid TEXT, code TEXT, n INTEGER)")
    bench.execute("INSERT INTO t VALUES ('same', 'same', 'a', 0), ('same', 'same', 'b', 0)")
    api.replies["/rows"] = [{"code": "a", "n": 1}]
    assert bench.run({"url": api.url + "/rows"}, write={"keys": ["code"]}) == counts(1, updated=1)
    assert bench.execute("SELECT code, n FROM t ORDER BY code") == [("a", 1), ("b", 0)]


def test_memory_does_not_grow_with_the_number_of_pages(api, bench):
    bench.execute("CREATE TABLE t (id INTEGER, text TEXT)")
    page = [{"id": number, "text": "x" * 200} for number in range(500)]
    api.replies["/rows"] = page

    def peak(pages):
        end = {"conditions": [{"type": "REQUEST_TIMES", "operator": ">=", "value": pages}]}
        tracemalloc.start()
        try:
            bench.run({"url": api.url + "/rows", "pagination": {"mode": "PAGE_NUMBER", "end": end}})
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(2)
    assert peak(30) < 1.5 * peak(3)
