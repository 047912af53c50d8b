"""One empty database of each kind behind the connection `warehouse`, and the means to look into it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import psycopg
import pymysql
import pytest

from fdl_trigger.domain.records import Connection

KINDS = ("sqlite", "postgresql", "mysql")
SLOW = {
    "sqlite": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 5000000000)"
    " SELECT count(*) FROM c",
    "postgresql": "SELECT count(*) FROM generate_series(1, 100000000000)",
    "mysql": "SELECT count(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b WHERE a.seq + b.seq < 0",
}
"""A statement of each kind that runs for hours."""


class Warehouse:
    """A database of a test; statements are written in standard SQL with `?` for values."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.kind = connection.kind

    def connect(self) -> Any:
        settings = {name: value for name, value in self.connection.settings.items() if name != "tls"}
        if self.kind == "sqlite":
            return sqlite3.connect(settings["path"], isolation_level=None, check_same_thread=False)
        if self.kind == "mysql":
            return pymysql.connect(
                **settings,
                autocommit=True,
                charset="utf8mb4",
                init_command="SET sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES'",
            )
        options = f"-c search_path={settings.pop('schema')}"
        return psycopg.connect(dbname=settings.pop("database"), **settings, autocommit=True, options=options)

    def execute(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        if self.kind != "sqlite":
            sql = sql.replace("?", "%s") if values else sql
        with closing(self.connect()) as driver, closing(driver.cursor()) as cursor:
            cursor.execute(sql, values) if values else cursor.execute(sql)
            return list(map(tuple, cursor.fetchall())) if cursor.description else []


@pytest.fixture(params=KINDS)
def warehouse(request: pytest.FixtureRequest, bench: Any) -> Iterator[Warehouse]:
    name = f"t{uuid4().hex[:12]}"
    kind = request.param
    if kind == "sqlite":
        connection = bench.connections["warehouse"]
    else:
        server = request.getfixturevalue({"postgresql": "postgresql_server", "mysql": "mariadb_server"}[kind])
        place = "schema" if kind == "postgresql" else "database"
        connection = Connection("warehouse", kind, {**server.settings, "tls": {"mode": "DISABLE"}, place: name})
        whole = Warehouse(
            Connection(
                "all", kind, {"schema": "public", **server.settings} if kind == "postgresql" else server.settings
            )
        )
        whole.execute(f"CREATE {place} {name}" + (" CHARACTER SET utf8mb4" if kind == "mysql" else ""))
    bench.connections["warehouse"] = connection
    yield Warehouse(connection)
    if kind != "sqlite":
        whole.execute(f"DROP {place} {name}" + (" CASCADE" if kind == "postgresql" else ""))
