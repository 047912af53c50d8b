"""The contract of a target, asked of SQLite, PostgreSQL and MariaDB alike (finedatalink-tasks.md sections 7 and 8)."""

from contextlib import closing
from decimal import Decimal

import pytest

from fdl_trigger.domain.records import Connection, Counts
from fdl_trigger.domain.states import Level
from fdl_trigger.nodes.databases import database
from fdl_trigger.nodes.errors import BuildError, DirtyLimitExceeded, NodeError

AUTO = {"mode": "AUTO_CREATE"}
KEYED = "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(20), note VARCHAR(20) DEFAULT 'kept')"
PLAIN = "CREATE TABLE t (id INTEGER, name VARCHAR(20), note VARCHAR(20) DEFAULT 'kept')"
OTHER_UNIQUE = KEYED.removesuffix(")") + ", email VARCHAR(20) UNIQUE)"


@pytest.fixture
def write(api, bench, warehouse):
    """Write rows into the table t; return the counts."""

    def write(*rows, context=None, target=None, **settings):
        api.replies["/rows"] = list(rows)
        return bench.run({"url": api.url + "/rows"}, target=target, write=settings, context=context)

    return write


def row(key, name):
    return {"id": key, "name": name}


def counts(read, inserted=0, updated=0, skipped=0, dirty=0):
    return Counts(pages=1, read=read, inserted=inserted, updated=updated, skipped=skipped, dirty=dirty)


def test_without_a_key_every_row_is_inserted(write, warehouse):
    warehouse.execute(PLAIN)
    assert write(row(1, "a"), row(1, "a")) == counts(2, inserted=2)
    assert write(row(1, "a")) == counts(1, inserted=1)
    assert warehouse.execute("SELECT count(*) FROM t") == [(3,)]


@pytest.mark.parametrize(
    ("create", "keys"),
    [
        (KEYED, []),
        (PLAIN, ["ID"]),
        (PLAIN.replace("INTEGER", "INTEGER UNIQUE"), ["id"]),
        (PLAIN.replace("(id", "(serial INTEGER, id"), ["id"]),
        (OTHER_UNIQUE, []),
    ],
    ids=["physical key", "logical key", "unique index", "beside an unmapped column", "beside another unique column"],
)
class TestKey:
    def test_update_overwrites_mapped_columns_only(self, write, warehouse, create, keys):
        warehouse.execute(create)
        warehouse.execute("INSERT INTO t (id, name, note) VALUES (1, 'old', 'mine'), (9, 'other', 'mine')")
        assert write(row(1, "new"), row(2, "b"), keys=keys) == counts(2, inserted=1, updated=1)
        assert warehouse.execute("SELECT id, name, note FROM t ORDER BY id") == [
            (1, "new", "mine"),
            (2, "b", "kept"),
            (9, "other", "mine"),
        ]

    def test_a_second_run_under_update_leaves_as_many_rows(self, write, warehouse, create, keys):
        warehouse.execute(create)
        rows = [row(number, f"n{number}") for number in range(2500)]
        assert write(*rows, keys=keys) == counts(2500, inserted=2500)
        assert write(*rows, keys=keys) == counts(2500, updated=2500)
        assert warehouse.execute("SELECT count(*) FROM t") == [(2500,)]

    def test_the_last_of_several_rows_with_one_key_wins(self, write, warehouse, create, keys):
        warehouse.execute(create)
        warehouse.execute("INSERT INTO t (id, name) VALUES (2, 'old')")
        rows = (row(1, "a"), row(2, "x"), row(1, "b"), row(2, "y"), row(1, "c"))
        assert write(*rows, keys=keys) == counts(5, inserted=1, updated=4)
        assert warehouse.execute("SELECT id, name FROM t ORDER BY id") == [(1, "c"), (2, "y")]

    def test_skip_leaves_the_table_row_and_is_not_dirty(self, write, warehouse, create, keys):
        warehouse.execute(create)
        warehouse.execute("INSERT INTO t (id, name) VALUES (1, 'old')")
        rows = [row(1, "new"), row(2, "first"), row(2, "second")]
        assert write(*rows, keys=keys, conflict="SKIP") == counts(3, inserted=1, skipped=2)
        assert warehouse.execute("SELECT id, name FROM t ORDER BY id") == [(1, "old"), (2, "first")]

    def test_dirty_records_the_row_and_goes_on(self, write, bench, warehouse, create, keys):
        warehouse.execute(create)
        warehouse.execute("INSERT INTO t (id, name) VALUES (1, 'old')")
        context = bench.context()
        rows = [row(1, "new"), row(2, "first"), row(2, "second"), row(3, "c")]
        assert write(*rows, keys=keys, conflict="DIRTY", context=context) == counts(4, inserted=2, dirty=2)
        assert warehouse.execute("SELECT id, name FROM t ORDER BY id") == [(1, "old"), (2, "first"), (3, "c")]
        assert [kind for kind, _, _ in context.dirty_rows] == ["KEY_CONFLICT", "KEY_CONFLICT"]


@pytest.mark.parametrize("key", ["PRIMARY KEY (a, b)", "note VARCHAR(9)"])
def test_a_key_of_two_columns_of_different_types(api, bench, warehouse, key):
    warehouse.execute(f"CREATE TABLE t (a VARCHAR(9), b BIGINT, name VARCHAR(9), {key})")
    api.replies["/rows"] = [
        {"a": a, "b": b, "name": name} for a, b, name in (("x", 1, "n"), ("x", 2, "n"), ("x", 1, "m"))
    ]
    assert bench.run({"url": api.url + "/rows"}, write={"keys": ["a", "b"]}) == counts(3, inserted=2, updated=1)
    assert warehouse.execute("SELECT b, name FROM t ORDER BY b") == [(1, "m"), (2, "n")]


def test_another_unique_column_makes_the_row_dirty_and_never_updates_a_strange_row(api, bench, warehouse):
    warehouse.execute(OTHER_UNIQUE)
    warehouse.execute("INSERT INTO t (id, name, email) VALUES (1, 'old', 'a@b')")
    api.replies["/rows"] = [{"id": 2, "name": "new", "email": "a@b"}, {"id": 3, "name": "fine", "email": "c@d"}]
    context = bench.context()
    assert bench.run({"url": api.url + "/rows"}, context=context) == counts(2, inserted=1, dirty=1)
    assert [kind for kind, _, _ in context.dirty_rows] == ["KEY_CONFLICT"]
    assert warehouse.execute("SELECT id, name FROM t ORDER BY id") == [(1, "old"), (3, "fine")]


@pytest.mark.parametrize("transaction", [False, True])
@pytest.mark.parametrize("clearing", ["DELETE", "TRUNCATE"])
def test_emptying_replaces_the_rows_of_the_table(write, warehouse, transaction, clearing):
    warehouse.execute(KEYED)
    warehouse.execute("INSERT INTO t (id) VALUES (1), (7)")
    settings = {"method": "EMPTY_THEN_WRITE", "transaction": transaction, "clearing": clearing}
    if clearing == "TRUNCATE" and (warehouse.kind == "sqlite" or (warehouse.kind == "mysql" and transaction)):
        with pytest.raises(BuildError, match=r"take (clearing )?DELETE"):
            write(row(1, "a"), **settings)
        assert warehouse.execute("SELECT count(*) FROM t") == [(2,)]
        return
    assert write(row(1, "a"), row(2, "b"), batchSize=1, **settings) == counts(2, inserted=2)
    assert warehouse.execute("SELECT id, name FROM t ORDER BY id") == [(1, "a"), (2, "b")]


def test_one_transaction_is_all_or_nothing(write, bench, warehouse):
    warehouse.execute(KEYED)
    warehouse.execute("INSERT INTO t (id) VALUES (7)")
    context = bench.context()
    context.tolerance = 0
    with pytest.raises(DirtyLimitExceeded):
        write(row(1, "a"), row(2, "x" * 21), context=context, method="EMPTY_THEN_WRITE", transaction=True, batchSize=1)
    assert warehouse.execute("SELECT id FROM t") == [(7,)]


def test_without_one_transaction_the_batches_before_a_failure_stay(write, bench, warehouse):
    warehouse.execute(KEYED)
    context = bench.context()
    context.tolerance = 0
    with pytest.raises(DirtyLimitExceeded):
        write(row(1, "a"), row(2, "x" * 21), row(3, "c"), context=context, batchSize=1)
    assert warehouse.execute("SELECT id FROM t") == [(1,)]


@pytest.mark.parametrize(
    ("declared", "good", "bad", "kind"),
    [
        ("v VARCHAR(3)", "ok", "abcd", "VALUE_TOO_LONG"),
        ("v INTEGER", 1, "abc", "TYPE_MISMATCH"),
        ("v DECIMAL(10,2)", 1, "", "TYPE_MISMATCH"),
        ("v BOOLEAN", True, [1], "TYPE_MISMATCH"),
        ("v BIGINT", 1, 2**63, "TYPE_MISMATCH"),
        ("v VARCHAR(9) NOT NULL", "ok", None, "NOT_NULL"),
        ("v VARCHAR(9) CHECK (v <> 'no')", "ok", "no", "CONSTRAINT"),
    ],
)
def test_a_dirty_row_is_left_out_and_its_neighbours_are_written(write, bench, warehouse, declared, good, bad, kind):
    warehouse.execute(f"CREATE TABLE t (id INTEGER, {declared})")
    context = bench.context()
    rows = [{"id": 1, "v": good}, {"id": 2, "v": bad}, {"id": 3, "v": good}]
    assert write(*rows, context=context) == counts(3, inserted=2, dirty=1)
    assert [(kind, row["id"]) for kind, _, row in context.dirty_rows] == [(kind, 2)]
    assert warehouse.execute("SELECT id FROM t ORDER BY id") == [(1,), (3,)]


def test_what_a_server_cannot_read_is_dirty(write, bench, warehouse):
    if warehouse.kind == "sqlite":
        warehouse.execute("CREATE TABLE t (id INTEGER, day INTEGER, part INTEGER) STRICT")
    else:
        warehouse.execute("CREATE TABLE t (id INTEGER, day DATE, part SMALLINT)")
    context = bench.context()
    rows = [{"id": 1, "day": "no day"}, {"id": 2, "part": 1.5}, {"id": 3}]
    assert write(*rows, context=context) == counts(3, inserted=1, dirty=2)
    assert {kind for kind, _, _ in context.dirty_rows} == {"TYPE_MISMATCH"}
    assert warehouse.execute("SELECT id FROM t") == [(3,)]


def test_a_created_table_takes_every_kind_of_value(api, bench, warehouse):
    wide = "宽" * 300
    api.replies["/rows"] = (
        f'[{{"id":1,"whole":9007199254740993,"part":1.25,"yes":true,"text":"é😀","long":"{wide}","json":{{"a":[1]}},"none":null}},'
        '{"id":2,"whole":null,"part":null,"yes":false,"text":"","long":"x","json":null,"none":null}]'
    ).encode()
    context = bench.context()
    bench.run({"url": api.url + "/rows"}, target=AUTO, write={"keys": ["id"]}, context=context)
    part = {"sqlite": 1.25}.get(warehouse.kind, Decimal("1.25"))
    assert context.dirty_rows == []
    assert warehouse.execute(
        "SELECT whole, part, yes, text, long, json FROM t WHERE id = 1".replace("long", '"long"')
    ) == [(9007199254740993, part, 1, "é😀", wide, '{"a":[1]}')]
    assert warehouse.execute("SELECT text, yes FROM t WHERE id = 2") == [("", 0)]


def test_numbers_a_created_column_would_round_are_kept_as_text(api, bench, warehouse):
    api.replies["/rows"] = b'[{"whole":123456789012345678901234567890,"part":0.12345678901234567890}]'
    bench.run({"url": api.url + "/rows"}, target=AUTO)
    assert warehouse.execute("SELECT whole, part FROM t") == [
        ("123456789012345678901234567890", "0.12345678901234567890")
    ]


@pytest.mark.parametrize(
    "type_", ["BIGINT", "DECIMAL", "DOUBLE", "BOOLEAN", "VARCHAR", "TEXT", "DATE", "TIME", "DATETIME"]
)
def test_every_type_of_field_can_be_created_and_written(write, warehouse, type_):
    value = {"DATE": "2026-01-02", "TIME": "03:04:05", "DATETIME": "2026-01-02 03:04:05", "TEXT": "x", "VARCHAR": "x"}
    assert write({"v": value.get(type_, 1)}, target={**AUTO, "fields": {"v": type_}}) == counts(1, inserted=1)


@pytest.mark.parametrize(
    "name", ["order lines", 'say "hi"', "it`s", "订单", "t'; DROP TABLE keep; --", "select", "100%", "%s ? :p"]
)
def test_names_of_tables_and_columns_are_quoted(api, bench, warehouse, name):
    quoted = '"' + name.replace('"', '""') + '"'
    warehouse.execute("CREATE TABLE keep (a INTEGER)")
    warehouse.execute(
        f"CREATE TABLE {quoted} (id INTEGER, {quoted} VARCHAR(9), plain VARCHAR(9), PRIMARY KEY (id, {quoted}))"
    )
    api.replies["/rows"] = [{"id": 1, name: "k", "plain": "v"}]
    for write in ({}, {}, {"method": "EMPTY_THEN_WRITE"}):
        bench.run({"url": api.url + "/rows"}, target={"table": name}, write=write)
    assert warehouse.execute(f"SELECT * FROM {quoted}") == [(1, "k", "v")]
    warehouse.execute(f"CREATE TABLE free (id INTEGER, {quoted} VARCHAR(9), plain VARCHAR(9))")
    for plain in ("v", "w"):
        api.replies["/rows"] = [{"id": 1, name: "k", "plain": plain}]
        bench.run({"url": api.url + "/rows"}, target={"table": "free"}, write={"keys": [name]})
    assert warehouse.execute("SELECT * FROM free") == [(1, "k", "w")]
    assert warehouse.execute("SELECT count(*) FROM keep") == [(0,)]


def test_created_columns_take_any_name_of_the_source(write, warehouse):
    write({'a "b"; --': 1, "城 市": 2, "c.d": 3, "100%": 4}, target=AUTO)
    assert warehouse.execute("SELECT * FROM t") == [(1, 2, 3, 4)]


def test_generated_columns_are_left_to_the_database(write, warehouse):
    warehouse.execute("CREATE TABLE t (id INTEGER, twice INTEGER GENERATED ALWAYS AS (id * 2) STORED)")
    write({"id": 2, "twice": 5})
    assert warehouse.execute("SELECT * FROM t") == [(2, 4)]


def test_a_missing_table_is_named(write):
    with pytest.raises(NodeError, match="table 't' does not exist in warehouse"):
        write(row(1, "a"))


def test_a_lock_of_somebody_else_is_waited_for_and_then_reported(write, warehouse, monkeypatch):
    monkeypatch.setattr(database, "LOCK_PATIENCE_S", 1.0)
    warehouse.execute(KEYED)
    warehouse.execute("INSERT INTO t (id) VALUES (1)")
    with closing(warehouse.connect()) as other:
        cursor = other.cursor()
        cursor.execute({"sqlite": "BEGIN IMMEDIATE"}.get(warehouse.kind, "BEGIN"))
        cursor.execute("UPDATE t SET name = 'theirs' WHERE id = 1")
        with pytest.raises(NodeError, match="warehouse is locked by another program for more than 1 s"):
            write(row(1, "ours"))
        cursor.execute("ROLLBACK")
        cursor.close()


def test_a_wrong_password_and_a_dead_server_are_told_without_the_password(write, bench, warehouse):
    if warehouse.kind == "sqlite":
        return
    settings = warehouse.connection.settings
    for wrong, said in (
        ({"password": "top-secret-1"}, "refused the login|cannot be reached"),
        ({"port": 1}, "cannot be reached"),
    ):
        bench.connections["warehouse"] = Connection("warehouse", warehouse.kind, {**settings, **wrong})
        with pytest.raises(NodeError, match=said) as caught:
            write(row(1, "a"))
        assert "top-secret-1" not in str(caught.value)
        assert str(settings["password"]) not in str(caught.value)


@pytest.mark.parametrize("mode", ["DISABLE", "PREFER", "REQUIRE", "VERIFY_CA", "VERIFY_FULL"])
def test_tls_is_used_as_the_connection_says(request, write, bench, warehouse, mode):
    if warehouse.kind == "sqlite":
        return
    server = request.getfixturevalue({"postgresql": "postgresql_server", "mysql": "mariadb_server"}[warehouse.kind])
    tls = {"mode": mode, "caFile": str(server.directory / "server.crt") if mode.startswith("VERIFY") else None}
    warehouse.execute(PLAIN)
    bench.connections["warehouse"] = Connection(
        "warehouse", warehouse.kind, {**warehouse.connection.settings, "tls": tls}
    )
    write(row(1, "a"))
    if mode == "VERIFY_FULL":
        bench.connections["warehouse"] = Connection(
            "warehouse", warehouse.kind, {**warehouse.connection.settings, "tls": {"mode": mode}}
        )
        with pytest.raises(NodeError, match=r"cannot be reached.*certificate"):
            write(row(1, "a"))


def test_the_statement_that_writes_is_in_the_run_log(write, bench, warehouse):
    context = bench.context()
    write(row(1, "a"), target=AUTO, context=context)
    assert any("INSERT INTO" in line for line in context.logged(Level.INFO))
