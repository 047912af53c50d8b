"""Payloads sent as parameters into every place a statement may refer to them: each stays a value, none is executed.

CAMPAIGN=full sends 2,000 of them, the normal run 200.
"""

import os
import random

import pytest

from fdl_trigger.nodes import NODE_TYPES
from fdl_trigger.nodes.errors import NodeError
from fdl_trigger.nodes.sql_settings import SqlSourceSchema
from fdl_trigger.nodes.sql_source import SqlSource

PAYLOADS = 2000 if os.environ.get("CAMPAIGN") == "full" else 200
OPENINGS = [
    "'",
    '"',
    "`",
    "",
    "\\'",
    "\\",
    "''",
    "')",
    "'))",
    "1",
    "1)",
    "%'",
    "*/",
    "\n",
    "$$",
    "]",
    "\xbf'",
    "${x}'",
    "%s",
    "?",
    "\x00'",
]
ACTS = [
    "; DROP TABLE canary; ",
    "; DELETE FROM canary; ",
    " OR 1=1 ",
    " UNION SELECT id, name FROM canary ",
    " OR SLEEP(9) ",
    "; SELECT pg_sleep(9); ",
    "; INSERT INTO canary VALUES (666, 'x'); ",
    " || (SELECT name FROM canary) || ",
    "; UPDATE canary SET name = 'x'; ",
    " AND (SELECT count(*) FROM canary) > 0 ",
    "; SET sql_mode = 'NO_BACKSLASH_ESCAPES'; ",
    "; COPY canary TO PROGRAM 'true'; ",
    "; ATTACH 'other.db' AS o; ",
    "; CALL nothing(); ",
]
ENDINGS = ["--", "-- ", "#", "/*", ";", "'", '"', "`", "", "('", "${x}", "\\", "$$"]
PLACES = [
    "SELECT id, name FROM people WHERE name = ${x}",
    "SELECT id, name FROM people WHERE name = '${x}'",
    "SELECT id, name FROM people WHERE name = 'a' AND name LIKE '%${x}%'",
    "SELECT id, name FROM people WHERE name IN (${x}, '${x}') AND id > 0",
    "SELECT id, name FROM people WHERE name = 'it''s' OR name = '${x}' /* ${x} */",
    "SELECT id, name FROM people WHERE (name=${x}) -- ${x}",
]


def payloads(count):
    chance = random.Random(20261123)
    fixed = ["' OR '1'='1", "1; DROP TABLE canary", "\\' OR 1=1 -- ", "'; DROP TABLE canary; --", "\xbf' OR 1=1 -- "]
    made = (chance.choice(OPENINGS) + chance.choice(ACTS) + chance.choice(ENDINGS) for _ in range(count - len(fixed)))
    return [*fixed, *made]


@pytest.mark.campaign
def test_no_payload_is_ever_executed(bench, warehouse):
    warehouse.execute("CREATE TABLE canary (id INTEGER, name VARCHAR(200))")
    warehouse.execute("CREATE TABLE people (id INTEGER, name VARCHAR(200))")
    warehouse.execute("INSERT INTO canary VALUES (1, 'alive')")
    warehouse.execute("INSERT INTO people VALUES (1, 'somebody'), (2, 'another')")
    refused = 0
    for number, payload in enumerate(payloads(PAYLOADS)):
        bench.params = {"x": payload}
        sql = PLACES[number % len(PLACES)]
        loaded = SqlSourceSchema().load({"type": "SQL", "connection": "warehouse", "sql": sql})
        try:
            with SqlSource(loaded, bench.context()) as source:
                assert [len(page.table) for page in source.pages()] == [0], (sql, payload)
        except NodeError:  # a NUL, which PostgreSQL takes nowhere
            assert "\0" in payload
            refused += 1
    assert refused < PAYLOADS / 10
    assert warehouse.execute("SELECT id, name FROM canary") == [(1, "alive")]
    assert warehouse.execute("SELECT count(*) FROM people") == [(2,)]


@pytest.mark.campaign
def test_payloads_are_written_by_scripts_as_they_are(bench, warehouse):
    warehouse.execute("CREATE TABLE canary (id INTEGER, name VARCHAR(200))")
    warehouse.execute("CREATE TABLE kept (a VARCHAR(200), b VARCHAR(200))")
    warehouse.execute("INSERT INTO canary VALUES (1, 'alive')")
    sent = [payload for payload in payloads(PAYLOADS // 10) if "\0" not in payload]
    node = NODE_TYPES["SQL_SCRIPT"]
    for payload in sent:
        bench.params = {"x": payload}
        sql = "INSERT INTO kept VALUES (${x}, 'a ${x} b'); UPDATE canary SET name = 'alive' WHERE name = '${x}'"
        node.run(node.schema().load({"connection": "warehouse", "sql": sql}), bench.context())
    assert warehouse.execute("SELECT id, name FROM canary") == [(1, "alive")]
    assert sorted(warehouse.execute("SELECT a, b FROM kept")) == sorted((one, f"a {one} b") for one in sent)
