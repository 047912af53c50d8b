"""PostgreSQL through psycopg 3."""

import re
import socket
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any, ClassVar, cast

import psycopg
from psycopg import capabilities, pq
from psycopg.raw_cursor import RawCursor
from psycopg.types.string import TextLoader

from ..context import NodeContext
from ..server_columns import PostgresqlColumn
from . import database as patience
from .binding import Lexicon
from .cancelling import CANCEL_TIMEOUT_S, Canceller
from .database import Database, Row, RowRefused, Rows
from .postgresql_grammar import PostgresqlGrammar
from .table import TargetTable

_IDLE = pq.TransactionStatus.IDLE
_STREAMED = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(?:SELECT|WITH|VALUES|TABLE)\b", re.I | re.S)
_NATIVE = frozenset(
    ("bool", "int2", "int4", "int8", "oid", "float4", "float8", "numeric", "bytea", "text", "varchar", "bpchar", "name")
)
_REFUSED = {
    "23502": "NOT_NULL",
    "23505": "KEY_CONFLICT",
    "22001": "VALUE_TOO_LONG",
    "54000": "VALUE_TOO_LONG",
    "42804": "TYPE_MISMATCH",
}
_LOCKED = ("55P03", "40P01", "40001")
_FAILED = {
    "28": "refused the login; check user and password of the connection",
    "3D": "does not exist; check the database of the connection",
    "42501": "may not be accessed like this; give the user of the connection the right",
    "53": "has no space or memory left; free some, then run again",
    "25006": "is read-only",
    "57014": "was interrupted",
}
_COLUMNS = (
    "SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attgenerated <> '' OR a.attidentity = 'a'"
    " FROM pg_attribute a WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
)
_KEYS = (
    "SELECT i.indisprimary, array_agg(a.attname::text ORDER BY k.place)"
    " FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)"
    " LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0"
    " WHERE i.indrelid = to_regclass(%s) AND i.indisunique AND i.indisvalid AND i.indpred IS NULL"
    " AND k.place <= i.indnkeyatts GROUP BY i.indexrelid, i.indisprimary"
)


class PostgresqlDatabase(Database):
    """A PostgreSQL database; see Database. The settings are those of PostgresqlConnectionSchema."""

    kind = "postgresql"
    lexicon = Lexicon(
        literal=r"'(?:[^']|'')*'",
        name=r"(?<!\w)[eE]'(?:[^'\\]|\\.|'')*'|\"(?:[^\"]|\"\")*\"|\$(?P<tag>[^\W\d]\w*|)\$.*?\$(?P=tag)\$",
        comment=r"--[^\n]*|/\*.*?(?:\*/|\Z)",
        mark=lambda position, value: f"${position}",
    )
    column_type = PostgresqlColumn
    errors: ClassVar[tuple[type[Exception], ...]] = (psycopg.Error,)

    def __init__(self, name: str, settings: Mapping[str, Any], context: NodeContext) -> None:
        super().__init__(name, PostgresqlGrammar(), context)
        with self.in_plain_words():
            self._driver = psycopg.connect(**_arguments(settings))
        self._canceller = Canceller(lambda: self._driver.cancel_safe(timeout=CANCEL_TIMEOUT_S), self._cut)
        try:
            self._prepare_session(settings["schema"])
        except BaseException:
            self.close()
            raise

    @property
    def driver(self) -> "psycopg.Connection[Any]":
        """See Database."""
        if self._canceller.has_started:
            raise self.lost("was interrupted")
        return self._driver

    @property
    def in_transaction(self) -> bool:
        """See Database."""
        return not self._driver.closed and self._driver.info.transaction_status != _IDLE

    def close(self) -> None:
        """See Database. The server rolls back what is open."""
        self._canceller.close()
        self._driver.close()

    def interrupt(self) -> None:
        """See Database."""
        self._canceller.start()

    def begin(self) -> None:
        """See Database."""
        self.execute("BEGIN")

    def rollback(self) -> None:
        """See Database."""
        if self.in_transaction:
            with suppress(psycopg.Error):  # the transaction ends with the connection anyway
                self._driver.execute("ROLLBACK")

    def serialise(self, table: str) -> None:
        """See Database; others may still read."""
        self.execute(f"LOCK TABLE {self.grammar.quote(table)} IN SHARE ROW EXCLUSIVE MODE")

    def describe(self, table: str) -> TargetTable | None:
        """See Database."""
        quoted = self.grammar.plain_quote(table)
        rows = self.execute(_COLUMNS, (quoted,)).rows
        if not rows:
            return None
        keys = self.execute(_KEYS, (quoted,)).rows
        primary = next((tuple(columns) for is_primary, columns in keys if is_primary), ())
        unique = tuple(frozenset(columns) for _, columns in keys if None not in columns)
        columns = tuple(
            PostgresqlColumn(name, declared, _compared(declared)) for name, declared, generated in rows if not generated
        )
        return TargetTable(table, columns, primary, unique, ("tableoid", "ctid"))

    @contextmanager
    def query(self, sql: str, values: Sequence[Any], fetch_size: int) -> Iterator[Rows]:
        """See Database. Rows come as they are used; values are sent apart from the statement."""
        with self.in_plain_words(), closing(RawCursor(self.driver)) as cursor:
            if _STREAMED.match(sql):
                size = fetch_size if capabilities.has_stream_chunked() else 1
                stream = cursor.stream(sql, tuple(values) or None, size=size)
                with closing(cast("Generator[Row]", stream)):
                    yield _StreamedRows(self, cursor, stream, fetch_size)
            else:
                cursor.execute(sql, tuple(values) or None)
                yield _FetchedRows(self, cursor, fetch_size)

    def failure(self, error: Exception) -> Exception:
        """See Database. Only the first line of the server is told: the details quote rows."""
        code = getattr(error, "sqlstate", None) or ""
        diagnosis = getattr(error, "diag", None)
        reason = (diagnosis and diagnosis.message_primary) or str(error).strip()
        kind = _REFUSED.get(code) or {"22": "TYPE_MISMATCH", "23": "CONSTRAINT"}.get(code[:2])
        if kind is not None or isinstance(error, psycopg.DataError):
            return RowRefused(kind or "TYPE_MISMATCH", reason)
        if code in _LOCKED:
            return self.lost(f"{self.locked()}, or both wait for each other: {reason}")
        if code[:2] == "08" or not code:
            return self.lost(f"cannot be reached or was lost: {reason}")
        known = _FAILED.get(code) or _FAILED.get(code[:2])
        return self.lost(f"{known}: {reason}" if known else f"failed: {reason}")

    def _prepare_session(self, schema: str | None) -> None:
        # What is not a number, boolean or binary arrives as the server writes it: no date is out of range then.
        for info in psycopg.adapters.types:
            if info.name not in _NATIVE:
                self._driver.adapters.register_loader(info.oid, TextLoader)
        self.execute("SELECT set_config('lock_timeout', %s, false)", (f"{patience.LOCK_PATIENCE_S * 1000:.0f}",))
        self.execute("SELECT set_config('DateStyle', 'ISO, YMD', false)")
        if schema:
            self.execute("SELECT set_config('search_path', %s, false)", (self.grammar.plain_quote(schema),))

    def _cut(self) -> None:
        with socket.socket(fileno=socket.dup(self._driver.fileno())) as connected:
            connected.shutdown(socket.SHUT_RDWR)


class _StreamedRows:
    def __init__(
        self, database: PostgresqlDatabase, cursor: "RawCursor[Row]", stream: Iterator[Row], size: int
    ) -> None:
        self.changed = -1
        self._database = database
        self._stream = stream
        self._size = size
        with database.in_plain_words():
            self._first = self._next()
        self.names = tuple(column.name for column in cursor.description or ())

    def fetch(self) -> list[Row]:
        rows = [] if self._first is None else [self._first]
        self._first = None
        with self._database.in_plain_words():
            while len(rows) < self._size and (row := self._next()) is not None:
                rows.append(row)
        return rows

    def _next(self) -> Row | None:
        try:
            return next(self._stream, None)
        except psycopg.ProgrammingError as error:
            if error.sqlstate is None:  # the statement was no query after all, and is done
                return None
            raise


class _FetchedRows:
    def __init__(self, database: PostgresqlDatabase, cursor: "RawCursor[Row]", size: int) -> None:
        self.names = tuple(column.name for column in cursor.description or ())
        self.changed = cursor.rowcount
        self._database = database
        self._cursor = cursor
        self._size = size

    def fetch(self) -> list[Row]:
        with self._database.in_plain_words():
            return self._cursor.fetchmany(self._size) if self.names else []


def _arguments(settings: Mapping[str, Any]) -> dict[str, Any]:
    tls = settings["tls"]
    mode = {"VERIFY_CA": "verify-ca", "VERIFY_FULL": "verify-full"}.get(tls["mode"], tls["mode"].lower())
    root = tls["caFile"] or ("system" if mode == "verify-full" else None)
    wanted = {
        "host": settings["host"],
        "port": settings["port"],
        "user": settings["user"],
        "password": settings["password"],
        "dbname": settings["database"],
        "sslmode": mode,
        "sslrootcert": root if mode.startswith("verify") else None,
        "sslcert": tls["certFile"],
        "sslkey": tls["keyFile"],
    }
    return {
        **{name: value for name, value in wanted.items() if value is not None},
        "client_encoding": "UTF8",
        "connect_timeout": patience.CONNECT_PATIENCE_S,
        "application_name": "fdl-trigger",
        "autocommit": True,
    }


def _compared(declared: str) -> str:
    # Compared as the column's own type; a length would cut the value.
    kind = re.sub(r"\(\d+(,-?\d+)?\)", "", declared).replace("%", "%%")
    return f"CAST({{}} AS {'varchar' if kind == 'character varying' else kind})"
