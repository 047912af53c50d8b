"""Rows that cannot be written: their kinds, and that they leave their neighbours alone (section 8.1)."""

import pytest

from fdl_trigger.domain.records import Counts


@pytest.fixture
def dirty(api, bench):
    """Write rows (JSON values or raw bytes) into t; return the kinds of the dirty ones and the counts."""

    def dirty(create, rows, **write):
        bench.execute(create)
        api.replies["/rows"] = rows
        context = bench.context()
        counts = bench.run({"url": api.url + "/rows"}, write=write, context=context)
        return [(kind, row.get("id")) for kind, _, row in context.dirty_rows], counts

    return dirty


@pytest.mark.parametrize(
    ("declared", "good", "bad", "kind"),
    [
        ("v VARCHAR(3)", "ok", "abcd", "VALUE_TOO_LONG"),
        ("v NVARCHAR(3)", "ok", {"k": 1}, "VALUE_TOO_LONG"),
        ("v INTEGER", 1, "abc", "TYPE_MISMATCH"),
        ("v DECIMAL(10,2)", 1, "", "TYPE_MISMATCH"),
        ("v BOOLEAN", True, [1], "TYPE_MISMATCH"),
        ("v BIGINT", 1, 2**63, "TYPE_MISMATCH"),
        ("v TEXT NOT NULL", "ok", None, "NOT_NULL"),
        ("v TEXT CHECK (v <> 'no')", "ok", "no", "CONSTRAINT"),
        ("v TEXT, UNIQUE (v)", None, "taken", "KEY_CONFLICT"),
    ],
)
def test_a_dirty_row_is_left_out_and_its_neighbours_are_written(dirty, bench, declared, good, bad, kind):
    rows = [{"id": 1, "v": good if good is not None else bad}, {"id": 2, "v": bad}, {"id": 3, "v": good}]
    kinds, counts = dirty(f"CREATE TABLE t (id INTEGER, {declared})", rows)
    assert kinds == [(kind, 2)]
    assert counts == Counts(pages=1, read=3, inserted=2, dirty=1)
    assert bench.execute("SELECT id FROM t ORDER BY id") == [(1,), (3,)]


def test_what_a_strict_table_refuses_is_dirty(dirty, bench):
    kinds, _ = dirty("CREATE TABLE t (id INTEGER, v BLOB) STRICT", [{"id": 1}, {"id": 2, "v": "x"}])
    assert kinds == [("TYPE_MISMATCH", 2)]
    assert bench.execute("SELECT id FROM t") == [(1,)]


def test_text_no_database_can_store_is_dirty(dirty, bench):
    kinds, _ = dirty("CREATE TABLE t (id INTEGER, v TEXT)", rb'[{"id":1,"v":"\ud800"},{"id":2,"v":"ok"}]')
    assert kinds == [("TYPE_MISMATCH", 1)]
    assert bench.execute("SELECT id FROM t") == [(2,)]


def test_what_is_told_about_a_dirty_row_can_always_be_stored(api, bench):
    bench.execute("CREATE TABLE t (id INTEGER, v INTEGER)")
    api.replies["/rows"] = rb'[{"id":1,"v":"\ud800"}]'
    context = bench.context()
    bench.run({"url": api.url + "/rows"}, context=context)
    [(_, reason, row)] = context.dirty_rows
    assert (reason, row["v"]) == ("'\\ud800' is not a number", "\\ud800")


def test_the_dirty_row_is_reported_as_the_source_sent_it(api, bench):
    bench.execute("CREATE TABLE t (id INTEGER, v INTEGER)")
    api.replies["/rows"] = b'[{"id":1,"v":"x","other":{"k":1.50}}]'
    context = bench.context()
    bench.run({"url": api.url + "/rows"}, context=context)
    assert context.dirty_rows == [("TYPE_MISMATCH", "'x' is not a number", {"id": 1, "v": "x", "other": '{"k":1.50}'})]


def test_dirty_rows_in_several_batches_leave_every_other_row(dirty, bench):
    rows = [{"id": number, "v": None if number % 7 == 0 else "x"} for number in range(2500)]
    kinds, counts = dirty("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT NOT NULL)", rows)
    expected = [number for number in range(2500) if number % 7 == 0]
    assert kinds == [("NOT_NULL", number) for number in expected]
    assert counts == Counts(pages=1, read=2500, inserted=2500 - len(expected), dirty=len(expected))
    assert bench.execute("SELECT count(*) FROM t") == [(2500 - len(expected),)]


def test_numbers_written_as_text_are_no_mismatch(dirty, bench):
    rows = [{"id": "1", "v": " 2.5 "}, {"id": "02", "v": "true"}, {"id": 3, "v": 1.5}]
    kinds, _ = dirty("CREATE TABLE t (id INTEGER, v NUMERIC)", rows)
    assert kinds == []
    assert bench.execute("SELECT id, v FROM t") == [(1, 2.5), (2, 1), (3, 1.5)]


@pytest.mark.parametrize("declared", ["STRING", "DATETIME", "JSON", "POINT", "INTERVAL", ""])
def test_columns_of_other_declarations_take_what_comes(dirty, declared):
    kinds, _ = dirty(f"CREATE TABLE t (id INTEGER, v {declared})", [{"id": 1, "v": "text"}, {"id": 2, "v": 5}])
    assert kinds == []
