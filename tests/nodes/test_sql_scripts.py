"""SQL_SCRIPT on SQLite, PostgreSQL and MariaDB: statements one by one, transactions, results, errors."""

import pytest

from fdl_trigger.domain.records import Counts
from fdl_trigger.domain.states import Level
from fdl_trigger.nodes import NODE_TYPES
from fdl_trigger.nodes.errors import BuildError, NodeError
from fdl_trigger.nodes.sql_script import shown, split

TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(40));"


@pytest.fixture
def script(bench, warehouse):
    """Run a script; return its counts."""

    def script(sql, context=None, **settings):
        node = NODE_TYPES["SQL_SCRIPT"]
        config = node.schema().load({"connection": "warehouse", "sql": sql, **settings})
        assert list(node.connections(config)) == ["warehouse"]
        return node.run(config, context or bench.context())

    return script


def test_statements_run_in_order_and_their_rows_are_counted(script, bench, warehouse):
    context = bench.context()
    counts = script(
        f"""{TABLE}
        -- nothing here; really
        INSERT INTO t VALUES (1, 'a;b'), (2, 'it''s'), (3, 'c'); ;
        UPDATE t SET name = 'x' WHERE id < 3;
        /* and; gone */ DELETE FROM t WHERE id = 3;
        SELECT id, name FROM t ORDER BY id;
        """,
        context,
    )
    assert counts == Counts(read=2, inserted=3, updated=2, deleted=1)
    assert warehouse.execute("SELECT id, name FROM t ORDER BY id") == [(1, "x"), (2, "x")]
    lines = context.logged(Level.INFO)
    assert any("statement 2" in line and "3 rows changed" in line for line in lines)
    assert [line for line in lines if line.startswith("row: ")] == ["row: id = 1, name = x", "row: id = 2, name = x"]
    assert context.logged(Level.BASIC) == ["5 statements, 6 rows changed, 2 rows read"]


def test_the_last_rows_become_parameters(script, bench):
    context = bench.context()
    assign = [
        {"parameter": "n", "from": "CELL", "column": "n"},
        {"parameter": "all", "from": "COLUMN", "column": "n"},
        {"parameter": "count", "from": "ROW_COUNT"},
    ]
    script(f"{TABLE} SELECT 1 AS n; SELECT 7 AS n UNION ALL SELECT 8; DELETE FROM t", context, assign=assign)
    assert context.assigned["n"] == 7
    assert context.assigned["all"] == [7, 8]
    assert context.assigned["count"] == 2


def test_parameters_are_bound_in_every_kind_of_statement(script, bench, warehouse):
    bench.params = {"name": "O'Neil; DROP TABLE t; --", "id": "1"}
    script(f"{TABLE} INSERT INTO t VALUES (${{id}}, '${{name}}'), (2, 'b'); UPDATE t SET id = 5 WHERE name = ${{name}}")
    assert warehouse.execute("SELECT id, name FROM t ORDER BY id") == [(2, "b"), (5, "O'Neil; DROP TABLE t; --")]


@pytest.mark.parametrize("transaction", [False, True])
def test_a_failing_statement_is_named_and_what_was_done_depends_on_the_transaction(script, warehouse, transaction):
    warehouse.execute(TABLE.rstrip(";"))
    with pytest.raises(NodeError, match=r"statement 2 \(INSERT INTO t VALUES \(1, '…'\)\): "):
        script("INSERT INTO t VALUES (1, 'a'); INSERT INTO t VALUES (1, 'hidden')", transaction=transaction)
    assert warehouse.execute("SELECT count(*) FROM t") == [(0 if transaction else 1,)]


def test_an_error_shows_neither_values_nor_texts(script, bench):
    bench.params = {"token": "very-secret-value"}
    context = bench.context()
    with pytest.raises(NodeError) as caught:
        script("SELECT * FROM nowhere WHERE a = ${token} AND b = 'another-secret' AND", context)
    told = str(caught.value) + "".join(text for _, text in context.lines)
    assert "very-secret-value" not in told
    assert "another-secret" not in told.split("): ")[0]
    assert b"very-secret-value".hex() not in told


def test_a_transaction_of_the_scripts_own_is_kept_or_refused(script, warehouse):
    warehouse.execute(TABLE.rstrip(";"))
    script("BEGIN; INSERT INTO t VALUES (1, 'a'); COMMIT")
    with pytest.raises(NodeError, match="ends inside a transaction"):
        script("BEGIN; INSERT INTO t VALUES (2, 'b')")
    assert warehouse.execute("SELECT id FROM t") == [(1,)]


def test_bodies_of_triggers_stay_in_one_piece(script, warehouse):
    body = {
        "sqlite": "CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET name = 'x'; UPDATE t SET name = 'y'; END;",
        "postgresql": "CREATE FUNCTION f() RETURNS trigger AS $$"
        " BEGIN NEW.name := 'x'; NEW.name := 'y'; RETURN NEW; END $$"
        " LANGUAGE plpgsql; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();",
        "mysql": "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.name = 'x'; SET NEW.name = 'y'; END;",
    }
    script(f"{TABLE} {body[warehouse.kind]} INSERT INTO t VALUES (1, 'a');")
    assert warehouse.execute("SELECT name FROM t") == [("y",)]


def test_a_script_of_comments_only_is_a_build_error(script):
    with pytest.raises(BuildError, match="no statement"):
        script("-- nothing\n; /* at all */ ;")


def test_a_big_result_is_counted_and_only_its_head_kept(script, bench):
    context = bench.context()
    many = "SELECT 1 AS a " + "UNION ALL SELECT 2 " * 40
    assert script(many, context).read == 41
    assert len([line for line in context.logged(Level.INFO) if line.startswith("row: ")]) == 10


def test_pieces_are_split_at_semicolons_only_where_they_end_a_statement():
    assert split("SELECT 1; SELECT 'b;c'; -- d;\n ;; /* e; */ SELECT \"x;y\"") == [
        "SELECT 1;",
        "SELECT 'b;c'; -- d;",
        '/* e; */ SELECT "x;y"',
    ]


def test_what_is_shown_of_a_statement_is_short_and_without_texts():
    assert shown("ALTER USER x PASSWORD 'secret'") == "ALTER USER x PASSWORD '…'"
    assert shown("SELECT 'unfinished secret") == "SELECT '…'"
    assert len(shown("x" * 200)) == 81
