"""A SQL statement as a source, on SQLite, PostgreSQL and MariaDB: values, types, memory, parameters."""

import sqlite3
import tracemalloc

import pytest
from database_targets import KINDS

from fdl_trigger.domain.records import Connection, Counts
from fdl_trigger.domain.states import Level
from fdl_trigger.nodes import NODE_TYPES
from fdl_trigger.nodes.errors import BuildError, NodeError
from fdl_trigger.nodes.sql_settings import SqlSourceSchema
from fdl_trigger.nodes.sql_source import SqlSource

EVERY_TYPE = {
    "sqlite": "SELECT 1 AS i, 1.5 AS f, x'00ff' AS b, '2026-01-02' AS d, NULL AS n, 9007199254740993 AS w",
    "postgresql": "SELECT 1::int AS i, 1.5::float8 AS f, '\\x00ff'::bytea AS b, DATE '2026-01-02' AS d, NULL AS n,"
    " 9007199254740993::bigint AS w, 123456789012345678901234567890.12::numeric AS dec, TRUE AS yes,"
    " TIMESTAMP '2026-01-02 03:04:05.5' AS t, TIME '03:04:05' AS c, 'infinity'::date AS far,"
    " INTERVAL '1 month' AS span,"
    " '{\"a\": 1}'::jsonb AS j, ARRAY[1, 2] AS list, '8f14e45f-ceea-467f-9575-5d8a0cbb6e9d'::uuid AS u",
    "mysql": "SELECT 1 AS i, 1.5e0 AS f, x'00ff' AS b, DATE '2026-01-02' AS d, NULL AS n, 9007199254740993 AS w,"
    " 123456789012345678901234567890.12 AS 'dec', TIMESTAMP '2026-01-02 03:04:05.5' AS t, TIME '30:04:05' AS c,"
    " CAST('0000-00-00' AS DATE) AS far",
}
CELLS = {
    "i": "1",
    "f": "1.5",
    "b": "00ff",
    "d": "2026-01-02",
    "n": "None",
    "w": "9007199254740993",
    "dec": "123456789012345678901234567890.12",
    "yes": "True",
    "c": {"postgresql": "03:04:05", "mysql": "30:04:05"},
    "far": {"postgresql": "infinity", "mysql": "0000-00-00"},
    "span": "1 mon",
    "j": '{"a": 1}',
    "list": "[1,2]",
    "u": "8f14e45f-ceea-467f-9575-5d8a0cbb6e9d",
    "t": {"postgresql": "2026-01-02 03:04:05.5", "mysql": "2026-01-02 03:04:05.5"},
}


@pytest.fixture
def rows(bench, warehouse):
    """Return the rows of a statement as tables of cells."""

    def rows(sql, context=None, **settings):
        loaded = SqlSourceSchema().load({"type": "SQL", "connection": "warehouse", "sql": sql, **settings})
        with SqlSource(loaded, context or bench.context()) as source:
            return [page.table.row(index) for page in source.pages() for index in range(len(page.table))]

    return rows


def test_every_type_arrives_as_documented(rows, warehouse):
    [row] = rows(EVERY_TYPE[warehouse.kind])
    for name, cell in row.items():
        expected = CELLS[name] if isinstance(CELLS[name], str) else CELLS[name][warehouse.kind]
        assert str(cell) == expected, name
    assert row["i"] == 1


def test_rows_go_from_every_database_into_a_created_table(bench, warehouse):
    warehouse.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, name VARCHAR(20), price DECIMAL(10,2))")
    warehouse.execute("INSERT INTO orders VALUES (1, '甲', 1.25), (2, NULL, NULL)")
    source = {"type": "SQL", "connection": "warehouse", "sql": "SELECT id, name, price FROM orders ORDER BY id"}
    settings = {"target": {"mode": "AUTO_CREATE"}, "write": {"keys": ["id"]}}
    assert bench.run(source, **settings) == Counts(pages=1, read=2, inserted=2)
    assert bench.run(source, **settings) == Counts(pages=1, read=2, updated=2)
    assert [(i, n, p and float(p)) for i, n, p in warehouse.execute("SELECT * FROM t ORDER BY id")] == [
        (1, "甲", 1.25),
        (2, None, None),
    ]


def test_a_table_can_be_read_and_written_at_the_same_time(bench, warehouse):
    warehouse.execute("CREATE TABLE t (id INTEGER, n INTEGER)")
    for start in range(0, 3000, 500):
        warehouse.execute("INSERT INTO t VALUES " + ", ".join(f"({i}, 0)" for i in range(start, start + 500)))
    source = {
        "type": "SQL",
        "connection": "warehouse",
        "sql": "SELECT id + 10000 AS id, 1 AS n FROM t",
        "fetchSize": 100,
    }
    assert bench.run(source).inserted == 3000
    assert warehouse.execute("SELECT count(*), sum(n) FROM t") == [(6000, 3000)]


def test_no_rows_are_a_success_unless_the_source_says_otherwise(bench, warehouse):
    warehouse.execute("CREATE TABLE t (id INTEGER)")
    warehouse.execute("INSERT INTO t VALUES (1)")
    source = {"type": "SQL", "connection": "warehouse", "sql": "SELECT id FROM t WHERE id > 5"}
    assert bench.run(source, write={"method": "EMPTY_THEN_WRITE"}) == Counts(pages=1)
    assert warehouse.execute("SELECT count(*) FROM t") == [(0,)]
    with pytest.raises(NodeError, match="no rows"):
        bench.run({**source, "failOnEmpty": True})


@pytest.mark.parametrize("reference", ["${x}", "'${x}'", "'<${x}>'", "'it''s ${x}'"])
@pytest.mark.parametrize("value", ["a", "", "o'clock", "1 OR 1=1", "甲😀", "a\\'b", "%s ? $1 :p", "\\", '"', "${y}"])
def test_a_reference_is_one_value_with_or_without_quotes(bench, rows, reference, value):
    bench.params = {"x": value}
    meant = reference.strip("'").replace("''", "'").replace("${x}", value)
    cast = f"CAST({reference} AS CHAR(99))"
    [row] = rows(f"SELECT TRIM({cast}) AS v")
    assert row["v"] == meant.strip()


def test_parameters_in_params_have_types(rows, warehouse, bench):
    warehouse.execute("CREATE TABLE t (id INTEGER, ok BOOLEAN, part DECIMAL(9,2), name VARCHAR(9))")
    warehouse.execute("INSERT INTO t VALUES (1, TRUE, 1.5, 'a'), (2, FALSE, 2.5, 'b'), (3, NULL, NULL, NULL)")
    bench.params = {"top": "2"}
    params = [
        {"name": "n", "value": "${top}", "type": "NUMBER"},
        {"name": "ok", "value": True},
        {"name": "part", "value": 1.5},
        {"name": "none", "value": "", "type": "NUMBER"},
    ]
    assert [row["id"] for row in rows("SELECT id FROM t ORDER BY id LIMIT ${n}", params=params)] == [1, 2]
    assert [row["id"] for row in rows("SELECT id FROM t WHERE ok = ${ok}", params=params)] == [1]
    assert [row["id"] for row in rows("SELECT id FROM t WHERE part = ${part}", params=params)] == [1]
    assert [
        row["id"] for row in rows("SELECT id FROM t WHERE id = ${top} AND name LIKE '%${b}%'", params={"b": "b"})
    ] == [2]


def test_raw_names_are_replaced_as_text_and_only_they(rows, warehouse, bench):
    warehouse.execute("CREATE TABLE t_7 (id INTEGER)")
    warehouse.execute("INSERT INTO t_7 VALUES (7)")
    bench.params = {"suffix": "7", "id": "7"}
    assert rows("SELECT id FROM t_${suffix} WHERE id = ${id}", raw=["suffix"]) == [{"id": 7}]
    with pytest.raises(BuildError, match="name it in raw"):
        rows("SELECT id FROM {0}t_${{suffix}}{0}".format("`" if warehouse.kind == "mysql" else '"'))
    with pytest.raises(NodeError):
        rows("SELECT id FROM t_${suffix}")


def test_comments_and_percent_signs_stay_as_they_are(rows, bench):
    bench.params = {"x": "v"}
    assert rows("SELECT '100%' AS p, ${x} AS x -- ${unknown} it's\n/* ${also unknown} */") == [{"p": "100%", "x": "v"}]


def test_an_unknown_reference_fails_the_node(rows):
    with pytest.raises(NodeError, match="nowhere"):
        rows("SELECT ${nowhere}")


def test_columns_of_one_name_are_told(rows):
    with pytest.raises(NodeError, match="two columns are called 'a'"):
        rows("SELECT 1 AS a, 2 AS a")


@pytest.mark.parametrize("sql", ["SELEC 1", "SELECT * FROM nowhere", "SELECT 1; DROP TABLE t"])
def test_a_statement_the_database_refuses_fails_the_node(rows, warehouse, sql):
    warehouse.execute("CREATE TABLE t (id INTEGER)")
    with pytest.raises(NodeError):
        rows(sql)
    assert warehouse.execute("SELECT count(*) FROM t") == [(0,)]


def test_the_run_log_shows_the_statement_without_values(rows, bench):
    bench.params = {"password": "secret-value"}
    context = bench.context()
    rows("SELECT ${password} AS v", context=context)
    assert any("SELECT ${password} AS v" in line for line in context.logged(Level.INFO))
    assert not any("secret-value" in text for _, text in context.lines)


def test_memory_does_not_grow_with_the_number_of_rows(bench, warehouse):
    text = {"sqlite": "printf('%.500c', 'x')", "postgresql": "repeat('x', 500)", "mysql": "repeat('x', 500)"}
    series = {
        "sqlite": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < {n})"
        " SELECT x, {t} AS t FROM c",
        "postgresql": "SELECT x, {t} AS t FROM generate_series(1, {n}) x",
        "mysql": "SELECT seq AS x, {t} AS t FROM seq_1_to_{n}",
    }[warehouse.kind]

    def peak(count):
        sql = series.format(n=count, t=text[warehouse.kind])
        loaded = SqlSourceSchema().load({"type": "SQL", "connection": "warehouse", "sql": sql})
        tracemalloc.start()
        try:
            with SqlSource(loaded, bench.context()) as source:
                assert sum(len(page.table) for page in source.pages()) == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1000)
    assert peak(30_000) < 2 * peak(5000) + 8_000_000


def test_leaving_a_source_early_ends_its_query(bench, warehouse):
    big = {
        "sqlite": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 200000) SELECT x FROM c",
        "postgresql": "SELECT a.x FROM generate_series(1, 100000) a(x), generate_series(1, 1000) b",
        "mysql": "SELECT a.seq AS x FROM seq_1_to_1000000 a, seq_1_to_1000 b",
    }
    loaded = SqlSourceSchema().load({"type": "SQL", "connection": "warehouse", "sql": big[warehouse.kind]})
    with SqlSource(loaded, bench.context()) as source:
        assert len(next(source.pages()).table) == 1000


def test_statements_reach_no_other_file(bench, tmp_path):
    other = tmp_path / "other.db"
    node = NODE_TYPES["SQL_SCRIPT"]
    for sql in (f"ATTACH '{other}' AS o", f"VACUUM INTO '{other}'", "ATTACH 'file:x' || 'y' AS o"):
        with pytest.raises(NodeError):
            node.run(node.schema().load({"connection": "warehouse", "sql": sql}), bench.context())
    assert not other.exists()
    bench.execute("CREATE TABLE t (id INTEGER)")
    node.run(node.schema().load({"connection": "warehouse", "sql": "VACUUM"}), bench.context())


@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_of_another_kind_is_a_build_error(bench, kind):
    bench.connections["warehouse"] = Connection("warehouse", "api", {})
    loaded = SqlSourceSchema().load({"type": "SQL", "connection": "warehouse", "sql": "SELECT 1"})
    with pytest.raises(BuildError, match="a database is needed"):
        SqlSource(loaded, bench.context())


def test_a_wal_database_is_streamed_while_it_is_written(bench):
    with sqlite3.connect(bench.path) as database:
        database.execute("PRAGMA journal_mode = wal")
        database.execute("CREATE TABLE t (id INTEGER)")
        database.executemany("INSERT INTO t VALUES (?)", [(number,) for number in range(3000)])
    database.close()
    source = {"type": "SQL", "connection": "warehouse", "sql": "SELECT id FROM t", "fetchSize": 100}
    assert bench.run(source).inserted == 3000
