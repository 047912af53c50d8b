"""Existing and created tables, names, types and the mapping (finedatalink-tasks.md section 7)."""

import pytest

from fdl_trigger.domain.records import Connection
from fdl_trigger.domain.states import Level
from fdl_trigger.nodes.errors import BuildError, NodeError

AUTO = {"mode": "AUTO_CREATE"}


@pytest.fixture
def sync(api, bench):
    """Write rows into a table; return the counts."""

    def sync(*rows, **settings):
        api.replies["/rows"] = list(rows)
        return bench.run({"url": api.url + "/rows"}, **settings)

    return sync


def declared(bench, table="t"):
    return bench.execute('SELECT name, type, "notnull", pk FROM pragma_table_info(?)', table)


def test_types_of_a_created_table_are_guessed_from_the_rows(sync, bench):
    wide = "x" * 256
    rows = [
        {"whole": 1, "part": 1, "yes": True, "short": "a", "long": "a", "json": None, "none": None, "mix": 1},
        {
            "whole": None,
            "part": 1.5,
            "yes": None,
            "short": "b",
            "long": wide,
            "json": {"a": 1},
            "none": None,
            "mix": "a",
        },
    ]
    sync(*rows, target=AUTO)
    assert declared(bench) == [
        ("whole", "BIGINT", 0, 0),
        ("part", "DECIMAL(38, 10)", 0, 0),
        ("yes", "BOOLEAN", 0, 0),
        ("short", "VARCHAR(255)", 0, 0),
        ("long", "TEXT", 0, 0),
        ("json", "TEXT", 0, 0),
        ("none", "VARCHAR(255)", 0, 0),
        ("mix", "VARCHAR(255)", 0, 0),
    ]
    assert bench.execute("SELECT whole, part, yes, json, mix FROM t") == [
        (1, 1, 1, None, "1"),
        (None, 1.5, None, '{"a":1}', "a"),
    ]


def test_numbers_sqlite_cannot_hold_become_text_with_every_digit(api, bench):
    content = b'[{"whole":123456789012345678901234567890,"part":0.12345678901234567890,"float":40.748817000000002}]'
    api.replies["/rows"] = content
    bench.run({"url": api.url + "/rows"}, target=AUTO)
    assert bench.execute("SELECT whole, part, float FROM t") == [
        ("123456789012345678901234567890", "0.12345678901234567890", 40.748817000000002)
    ]


def test_only_the_first_thousand_rows_are_looked_at(sync, bench):
    rows = [{"a": 1}] * 1000 + [{"a": 1.5}]
    sync(*rows, target=AUTO)
    assert declared(bench)[0][1] == "BIGINT"
    assert bench.execute("SELECT max(a) FROM t") == [(1.5,)]


def test_the_keys_become_the_primary_key_of_a_created_table(sync, bench):
    sync({"id": 1, "n": "a"}, target=AUTO, write={"keys": ["id"]})
    assert declared(bench) == [("id", "BIGINT", 1, 1), ("n", "VARCHAR(255)", 0, 0)]


def test_a_table_that_is_there_is_used_again(sync, bench):
    sync({"id": 1}, target=AUTO)
    sync({"id": 2, "new": "x"}, target=AUTO)
    assert bench.execute("SELECT * FROM t") == [(1,), (2,)]


def test_explicit_fields_say_what_the_table_is_like(sync, bench):
    fields = [
        {"name": "id", "type": "BIGINT", "primaryKey": True},
        {"name": "name", "type": "VARCHAR", "length": 20, "notNull": True},
        {"name": "price", "type": "DECIMAL", "length": 12, "precision": 2},
        {"name": "day", "type": "DATE"},
    ]
    sync({"id": 1, "name": "a", "price": 1.25, "day": "2026-01-01"}, target={**AUTO, "fields": fields})
    assert declared(bench) == [
        ("id", "BIGINT", 1, 1),
        ("name", "VARCHAR(20)", 1, 0),
        ("price", "DECIMAL(12, 2)", 0, 0),
        ("day", "DATE", 0, 0),
    ]
    assert bench.execute("SELECT * FROM t") == [(1, "a", 1.25, "2026-01-01")]


def test_fields_may_be_written_in_short(sync, bench):
    sync({"id": 1}, target={**AUTO, "fields": {"id": "INTEGER", "name": "TEXT"}})
    assert [(name, kind) for name, kind, *_ in declared(bench)] == [("id", "INTEGER"), ("name", "TEXT")]


def test_a_create_statement_of_ones_own_is_run_once(sync, bench):
    sql = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT CHECK (name <> ''), made TEXT DEFAULT 'now')"
    for _ in range(2):
        sync({"id": 1, "name": "a"}, target={**AUTO, "createSql": sql})
    assert bench.execute("SELECT * FROM t") == [(1, "a", "now")]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("CREATE TABLE other (id INTEGER)", "has not created"),
        ("CREATE TABLE t (id INTEGER", "failed"),
        ("CREATE TABLE t (id INTEGER); DROP TABLE t", "failed"),
    ],
)
def test_a_create_statement_that_does_not_do_it_fails_the_node(sync, sql, message):
    with pytest.raises(NodeError, match=message):
        sync({"id": 1}, target={**AUTO, "createSql": sql})


def test_a_missing_table_is_named_before_anything_is_fetched(sync, api):
    with pytest.raises(NodeError, match="table 't' does not exist in warehouse"):
        sync({"id": 1})
    assert api.seen == []


@pytest.mark.parametrize(
    "name",
    [
        "order lines",
        'say "hi"',
        "订单",
        "t'; DROP TABLE keep; --",
        'x"); DROP TABLE keep; --',
        "select",
        "a.b",
        "[x]",
        "%s ? :p",
    ],
)
def test_names_of_existing_tables_and_columns_are_quoted(sync, bench, name):
    quoted = '"' + name.replace('"', '""') + '"'
    bench.execute("CREATE TABLE keep (a)")
    bench.execute(f"CREATE TABLE {quoted} (id INTEGER, {quoted} TEXT, plain TEXT, PRIMARY KEY (id, {quoted}))")
    for _ in range(2):
        sync({"id": 1, name: "k", "plain": "v"}, target={"table": name})
    sync({"id": 2, name: "k", "plain": "v"}, target={"table": name}, write={"method": "EMPTY_THEN_WRITE"})
    assert bench.execute(f"SELECT * FROM {quoted}") == [(2, "k", "v")]
    assert bench.execute("SELECT count(*) FROM keep") == [(0,)]


@pytest.mark.parametrize("name", ["order lines", 'a"b', "x y"])
def test_logical_keys_of_such_names_work_too(sync, bench, name):
    quoted = '"' + name.replace('"', '""') + '"'
    bench.execute(f"CREATE TABLE t ({quoted} TEXT, n INTEGER)")
    for number in (1, 2):
        sync({name: "k", "n": number}, write={"keys": [name]})
    assert bench.execute("SELECT * FROM t") == [("k", 2)]


def test_created_columns_take_any_name_of_the_source(sync, bench):
    sync({'a "b"; --': 1, "城 市": 2, "c.d": 3}, target=AUTO)
    assert [name for name, *_ in declared(bench)] == ['a "b"; --', "城 市", "c.d"]


def test_a_created_table_may_have_a_chinese_name(sync, bench):
    sync({"编号": 1}, target={**AUTO, "table": "订单_1"})
    assert bench.execute("SELECT 编号 FROM 订单_1") == [(1,)]


def test_source_names_that_differ_in_case_only_share_a_column(api, bench):
    api.replies["/rows"] = [{"ID": 1, "id": 2}]
    context = bench.context()
    bench.run({"url": api.url + "/rows"}, target=AUTO, context=context)
    assert bench.execute("SELECT * FROM t") == [(1,)]
    assert "'id' is left out" in context.logged(Level.WARN)[0]


def test_fields_find_their_columns_whatever_the_case(sync, bench):
    bench.execute("CREATE TABLE t (Id INTEGER, NAME TEXT, other TEXT DEFAULT 'd')")
    sync({"id": 1, "Name": "a", "dropped": "x"})
    assert bench.execute("SELECT * FROM t") == [(1, "a", "d")]


def test_a_mapping_renames_and_drops_fields(sync, bench):
    bench.execute("CREATE TABLE t (key INTEGER, label TEXT, name TEXT DEFAULT 'd')")
    sync({"id": 1, "name": "a"}, mapping=[{"source": "id", "target": "key"}, {"source": "name", "target": "LABEL"}])
    assert bench.execute("SELECT * FROM t") == [(1, "a", "d")]


def test_a_mapping_names_the_columns_of_a_created_table(sync, bench):
    sync({"id": 1, "name": "a"}, target=AUTO, mapping=[{"source": "name", "target": "label"}])
    assert bench.execute("SELECT * FROM t") == [("a",)]
    assert [name for name, *_ in declared(bench)] == ["label"]


def test_a_mapped_field_that_the_source_does_not_send_is_null(sync, bench):
    bench.execute("CREATE TABLE t (a TEXT DEFAULT 'd')")
    sync({"id": 1}, mapping=[{"source": "gone", "target": "a"}])
    assert bench.execute("SELECT * FROM t") == [(None,)]


def test_a_mapped_column_that_is_missing_fails_the_node_before_anything_is_fetched(sync, bench, api):
    bench.execute("CREATE TABLE t (id INTEGER)")
    with pytest.raises(NodeError, match="target field missing: table 't' has no column 'label'"):
        sync({"id": 1}, mapping=[{"source": "name", "target": "label"}], write={"method": "EMPTY_THEN_WRITE"})
    assert api.seen == []


def test_rows_that_share_no_field_with_the_table_fail_the_node(sync, bench):
    bench.execute("CREATE TABLE t (id INTEGER)")
    bench.execute("INSERT INTO t VALUES (7)")
    with pytest.raises(NodeError, match="add a mapping"):
        sync({"other": 1}, write={"method": "EMPTY_THEN_WRITE"})
    assert bench.execute("SELECT * FROM t") == [(7,)]


def test_generated_columns_are_left_to_the_database(sync, bench):
    bench.execute("CREATE TABLE t (id INTEGER, twice INTEGER AS (id * 2))")
    sync({"id": 2, "twice": 5})
    assert bench.execute("SELECT * FROM t") == [(2, 4)]


def test_a_table_of_too_many_columns_is_not_created(sync):
    with pytest.raises(NodeError, match="2001 columns"):
        sync({f"c{number}": 1 for number in range(2001)}, target=AUTO)


def test_decimals_keep_their_text_in_text_columns_and_booleans_are_words_there(api, bench):
    bench.execute("CREATE TABLE t (a TEXT, b VARCHAR(20), c NUMERIC, d)")
    api.replies["/rows"] = b'[{"a":1.50,"b":true,"c":false,"d":2.5}]'
    bench.run({"url": api.url + "/rows"})
    assert bench.execute("SELECT * FROM t") == [("1.50", "true", 0, 2.5)]


@pytest.mark.parametrize(
    "settings", [Connection("w", "api", {}), Connection("w", "sqlite", {}), Connection("w", "sqlite", {"path": ""})]
)
def test_a_connection_that_is_no_database_is_a_build_error(sync, bench, settings):
    bench.connections["warehouse"] = settings
    with pytest.raises(BuildError, match="connection 'w'"):
        sync({"id": 1}, target=AUTO)


def test_a_view_or_system_table_is_refused_by_the_database_in_words(sync, bench):
    bench.execute("CREATE TABLE t (id INTEGER)")
    bench.execute("CREATE VIEW v AS SELECT id FROM t")
    for table in ("v", "sqlite_master"):
        with pytest.raises(NodeError, match="warehouse"):
            sync({"id": 1, "name": "x"}, target={"table": table})
