"""MariaDB and MySQL through PyMySQL."""

import hashlib
import re
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from decimal import Decimal
from typing import Any, ClassVar

import pymysql
from pymysql.constants import ER, FIELD_TYPE, SERVER_STATUS
from pymysql.converters import conversions
from pymysql.cursors import SSCursor

from ..context import NodeContext
from ..server_columns import MysqlColumn
from . import database as patience
from .binding import Lexicon
from .cancelling import CANCEL_TIMEOUT_S, Canceller
from .database import Database, Row, RowRefused, Rows
from .mysql_grammar import MysqlGrammar
from .table import TargetTable

_REFUSED = {
    ER.BAD_NULL_ERROR: "NOT_NULL",
    ER.NO_DEFAULT_FOR_FIELD: "NOT_NULL",
    ER.DUP_ENTRY: "KEY_CONFLICT",
    ER.DUP_KEY: "KEY_CONFLICT",
    ER.DATA_TOO_LONG: "VALUE_TOO_LONG",
    ER.NO_REFERENCED_ROW_2: "CONSTRAINT",
    ER.ROW_IS_REFERENCED_2: "CONSTRAINT",
    3819: "CONSTRAINT",  # a CHECK of MySQL
    4025: "CONSTRAINT",  # a CHECK of MariaDB
    ER.TRUNCATED_WRONG_VALUE: "TYPE_MISMATCH",
    ER.TRUNCATED_WRONG_VALUE_FOR_FIELD: "TYPE_MISMATCH",
    ER.WARN_DATA_OUT_OF_RANGE: "TYPE_MISMATCH",
    ER.WARN_DATA_TRUNCATED: "TYPE_MISMATCH",
    4038: "TYPE_MISMATCH",  # not JSON
}
_LOCKED = (ER.LOCK_WAIT_TIMEOUT, ER.LOCK_DEADLOCK)
_FAILED = {
    ER.ACCESS_DENIED_ERROR: "refused the login; check user and password of the connection",
    ER.BAD_DB_ERROR: "does not exist; check the database of the connection",
    ER.DBACCESS_DENIED_ERROR: "may not be accessed by the user of the connection",
    ER.TABLEACCESS_DENIED_ERROR: "may not be accessed like this; give the user of the connection the right",
    ER.DISK_FULL: "is full; free space on its disk, then run again",
    ER.RECORD_FILE_FULL: "is full; free space on its disk, then run again",
    ER.QUERY_INTERRUPTED: "was interrupted",
}
_UNREACHABLE = range(2000, 3000)  # the client's own errors
_BOUND_TEXT = re.compile(r"0x[0-9a-f]*")
_ESCAPES = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a", "%": "\\%", "_": "\\_"}
# Times as the server writes them: zeros and durations beyond a day included.
_AS_TEXT = (FIELD_TYPE.DATE, FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP, FIELD_TYPE.TIME, FIELD_TYPE.NEWDATE)
_CONVERSIONS = {kind: convert for kind, convert in conversions.items() if kind not in _AS_TEXT}
_COLUMNS = (
    "SELECT column_name, column_type, character_set_name, collation_name, extra, data_type"
    " FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = %s ORDER BY ordinal_position"
)
_KEYS = (
    "SELECT index_name, column_name, sub_part FROM information_schema.statistics"
    " WHERE table_schema = DATABASE() AND table_name = %s AND non_unique = 0 ORDER BY index_name, seq_in_index"
)


def literal(position: int, value: Any) -> str:
    """Return a value as a literal of digits only, which is a value whatever stands around it."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | Decimal):
        return f"({value:f})" if isinstance(value, Decimal) or value < 0 else str(value)
    if value is None:
        return "NULL"
    content = str(value).encode().hex()
    return f"_utf8mb4 0x{content}" if content else "_utf8mb4 ''"


def unquoted(text: str) -> str:
    """Return what a string literal of MySQL says."""
    quote = text[0]
    return re.sub(
        rf"\\(.)|{quote}{quote}",
        lambda match: quote if match[1] is None else _ESCAPES.get(match[1], match[1]),
        text[1:-1],
        flags=re.S,
    )


class MysqlDatabase(Database):
    """A database of MariaDB or MySQL; see Database. The settings are those of MysqlConnectionSchema."""

    kind = "mysql"
    lexicon = Lexicon(
        literal=r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"",
        name=r"`(?:[^`]|``)*`",
        comment=r"--(?=\s|\Z)[^\n]*|\#[^\n]*|/\*.*?(?:\*/|\Z)",
        mark=literal,
        unquote=unquoted,
        binds=False,
    )
    truncate_is_final = True
    column_type = MysqlColumn
    errors: ClassVar[tuple[type[Exception], ...]] = (pymysql.MySQLError, OSError)

    def __init__(self, name: str, settings: Mapping[str, Any], context: NodeContext) -> None:
        super().__init__(name, MysqlGrammar(), context)
        with self.in_plain_words():
            self._arguments = _arguments(settings)
            self._driver = pymysql.connect(**self._arguments)
        self._thread_id = int(self._driver.thread_id())
        self._lock: str | None = None
        self._canceller = Canceller(self._kill, self._cut)
        try:
            self._prepare_session()
        except BaseException:
            self.close()
            raise

    @property
    def driver(self) -> Any:
        """See Database."""
        if self._canceller.has_started:
            raise self.lost("was interrupted")
        return self._driver

    @property
    def in_transaction(self) -> bool:
        """See Database."""
        return self._driver.open and bool(self._driver.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS)

    def close(self) -> None:
        """See Database. The server rolls back what is open."""
        self._canceller.close()
        if self._driver.open:
            self._driver.close()

    def interrupt(self) -> None:
        """See Database."""
        self._canceller.start()

    def begin(self) -> None:
        """See Database."""
        self.execute("START TRANSACTION")

    def commit(self) -> None:
        """See Database."""
        super().commit()
        if self._lock is not None:
            self.execute("SELECT RELEASE_LOCK(%s)", (self._lock,))
            self._lock = None

    def rollback(self) -> None:
        """See Database."""
        if self.in_transaction:
            with suppress(pymysql.MySQLError):  # the transaction ends with the connection anyway
                self._driver.rollback()

    def serialise(self, table: str) -> None:
        """See Database. A lock by name: LOCK TABLES would end the transaction."""
        if self._lock is not None:
            return
        database = self.execute("SELECT DATABASE()").rows[0][0]
        name = "fdl-trigger:" + hashlib.sha256(f"{database}.{table}".encode()).hexdigest()[:32]
        if self.execute("SELECT GET_LOCK(%s, %s)", (name, patience.LOCK_PATIENCE_S)).rows != [(1,)]:
            raise self.lost(f"has another run that writes to table '{table}'; run again when it has ended")
        self._lock = name

    def describe(self, table: str) -> TargetTable | None:
        """See Database."""
        columns = [
            MysqlColumn(name, declared, f"CONVERT({{}} USING {charset}) COLLATE {collation}" if collation else "{}")
            for name, declared, charset, collation, extra, _ in self.execute(_COLUMNS, (table,)).rows
            if not re.search(r"\b(VIRTUAL|STORED|PERSISTENT) GENERATED\b", extra, re.I)
        ]
        if not columns:
            return None
        indexes: dict[str, list[str | None]] = {}
        for index, column, part in self.execute(_KEYS, (table,)).rows:
            indexes.setdefault(index, []).append(column if part is None else None)
        whole = {index: [name for name in names if name] for index, names in indexes.items() if None not in names}
        primary = tuple(whole.get("PRIMARY", ()))
        return TargetTable(table, tuple(columns), primary, tuple(map(frozenset, whole.values())), primary)

    def upserts_on(self, table: TargetTable, key: Sequence[str]) -> bool:
        """See Database. The upsert of MySQL takes a conflict on any unique key."""
        return all(unique == frozenset(key) for unique in table.unique)

    @contextmanager
    def query(self, sql: str, values: Sequence[Any], fetch_size: int) -> Iterator[Rows]:
        """See Database. Rows come as they are used."""
        with self.in_plain_words():
            cursor = self.driver.cursor(SSCursor)
            try:
                cursor.execute(sql)
                rows = _MysqlRows(self, cursor, fetch_size)
                yield rows
            finally:
                self._leave(cursor)

    def failure(self, error: Exception) -> Exception:
        """See Database."""
        code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        reason = _BOUND_TEXT.sub("?", str(error.args[1] if len(error.args) > 1 else error))
        if code in _REFUSED or isinstance(error, pymysql.DataError):
            return RowRefused(_REFUSED.get(code, "TYPE_MISMATCH"), reason)
        if code in _LOCKED:
            return self.lost(f"{self.locked()}, or both wait for each other: {reason}")
        if code in _UNREACHABLE or not isinstance(error, pymysql.MySQLError) or code == 0:
            return self.lost(f"cannot be reached or was lost: {reason}")
        return self.lost(f"{_FAILED[code]}: {reason}" if code in _FAILED else f"failed: {reason}")

    def _prepare_session(self) -> None:
        self.execute("SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO')")
        self.execute(
            "SET SESSION innodb_lock_wait_timeout = %s, lock_wait_timeout = %s",
            (max(1, round(patience.LOCK_PATIENCE_S)), max(1, round(patience.LOCK_PATIENCE_S))),
        )

    def _leave(self, cursor: SSCursor) -> None:
        # Closing reads whatever is left of the result: the server is told to stop sending first.
        if getattr(cursor._result, "unbuffered_active", False) and not self._canceller.has_started:
            with suppress(pymysql.MySQLError, OSError):
                self._kill()
        with suppress(pymysql.MySQLError, OSError):
            cursor.close()

    def _kill(self) -> None:
        limits = {"connect_timeout": CANCEL_TIMEOUT_S, "read_timeout": CANCEL_TIMEOUT_S}
        with closing(pymysql.connect(**{**self._arguments, **limits})) as second, second.cursor() as cursor:
            cursor.execute(f"KILL QUERY {self._thread_id}")

    def _cut(self) -> None:
        if self._driver._sock is not None:
            self._driver._sock.shutdown(socket.SHUT_RDWR)


class _MysqlRows:
    def __init__(self, database: MysqlDatabase, cursor: SSCursor, size: int) -> None:
        self.names = tuple(column[0] for column in cursor.description or ())
        self.changed = -1 if self.names else cursor.rowcount
        self._database = database
        self._cursor = cursor
        self._size = size

    def fetch(self) -> list[Row]:
        with self._database.in_plain_words():
            return list(self._cursor.fetchmany(self._size)) if self.names else []


def _arguments(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "host": settings["host"],
        "port": settings["port"],
        "user": settings["user"],
        "password": settings["password"] or "",
        "database": settings["database"],
        "charset": "utf8mb4",
        "autocommit": True,
        "connect_timeout": patience.CONNECT_PATIENCE_S,
        "conv": _CONVERSIONS,
        "local_infile": False,
        **_tls(settings["tls"]),
    }


def _tls(tls: Mapping[str, Any]) -> dict[str, Any]:
    if tls["mode"] == "DISABLE":
        return {"ssl_disabled": True}
    if tls["mode"] == "PREFER" and not tls["certFile"]:
        return {}
    context = ssl.create_default_context(cafile=tls["caFile"])
    context.check_hostname = tls["mode"] == "VERIFY_FULL"
    if tls["mode"] in ("PREFER", "REQUIRE"):
        context.verify_mode = ssl.CERT_NONE
    if tls["certFile"]:
        context.load_cert_chain(tls["certFile"], tls["keyFile"])
    return {"ssl": context}
