"""The audit log: appended in the transaction of the act, each row chained to the one before by its hash.

A row that is changed, removed or put in between breaks the chain. Cutting off its end does not: whoever needs to notice
that keeps the head (`verify` returns it) somewhere else.
"""

import hashlib
import json
import sqlite3
from dataclasses import dataclass

from ..domain.audit import AuditEntry, AuditRecord, Outcome
from ..domain.clock import Clock
from .database import StoreDatabase
from .writer import T, Work, Writer

GENESIS = "0" * 64
_COLUMNS = "id, at, actor, action, target, outcome, reason, address, request_id, details, hash"
_INSERT = f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
MAX_TEXT = 512

_Values = tuple[int, int, str, str, str, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Verification:
    """What a walk along the chain found: how many rows are sound, the first broken one (None: none), the head."""

    rows: int
    broken: int | None
    head: str


def append(connection: sqlite3.Connection, entry: AuditEntry, now: int) -> None:
    """Add an entry inside the current transaction."""
    last = connection.execute("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1").fetchone()
    number, previous = last or (0, GENESIS)
    values = _values(number + 1, now, entry)
    connection.execute(_INSERT, (*values, _link(previous, values)))


def audited(work: Work[T], entry: AuditEntry, clock: Clock) -> Work[T]:
    """Return work that also appends the entry: both happen or neither does."""

    def run(connection: sqlite3.Connection) -> T:
        result = work(connection)
        append(connection, entry, clock())
        return result

    return run


def _values(number: int, now: int, entry: AuditEntry) -> _Values:
    return (
        number,
        now,
        entry.actor[:MAX_TEXT],
        entry.action,
        entry.target[:MAX_TEXT],
        str(entry.outcome),
        entry.reason[:MAX_TEXT],
        entry.address[:MAX_TEXT],
        entry.request_id[:MAX_TEXT],
        json.dumps(dict(entry.details), ensure_ascii=False, sort_keys=True, default=str),
    )


def _link(previous: str, values: _Values) -> str:
    text = json.dumps([previous, *values], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class AuditStore:
    """Appends on its own, reads and verifies."""

    def __init__(self, database: StoreDatabase, writer: Writer, clock: Clock) -> None:
        self._database = database
        self._writer = writer
        self._clock = clock

    def record(self, entry: AuditEntry) -> None:
        """Append an entry; it is durable when this returns."""
        self._writer.write(lambda connection: append(connection, entry, self._clock()))

    def post(self, entry: AuditEntry) -> None:
        """Append an entry nobody waits for (a refusal: the answer must not be slower than a success)."""
        self._writer.post(lambda connection: append(connection, entry, self._clock()))

    def newest(self, limit: int = 100, before: int | None = None, actor: str | None = None) -> list[AuditRecord]:
        """Return entries, newest first; `before` is the number the page starts below."""
        rows = self._database.read(
            f"SELECT {_COLUMNS} FROM audit WHERE (?1 IS NULL OR id < ?1) AND (?2 IS NULL OR actor = ?2) "
            "ORDER BY id DESC LIMIT ?3",
            (before, actor, limit),
        )
        return [_record(row) for row in rows]

    def of_request(self, request_id: str) -> list[AuditRecord]:
        """Return the entries of one request, oldest first."""
        rows = self._database.read(
            f"SELECT {_COLUMNS} FROM audit WHERE request_id = ? ORDER BY id LIMIT 100", (request_id,)
        )
        return [_record(row) for row in rows]

    def holds(self, link: str) -> bool:
        """Tell whether an entry has this hash."""
        return bool(self._database.read("SELECT 1 FROM audit WHERE hash = ? LIMIT 1", (link,)))

    def verify(self) -> Verification:
        """Walk the whole chain."""
        previous, count = GENESIS, 0
        cursor = self._database.raw().execute(f"SELECT {_COLUMNS} FROM audit ORDER BY id")
        for row in cursor:
            if row[0] != count + 1 or row[-1] != _link(previous, row[:-1]):
                return Verification(count, row[0], previous)
            previous, count = row[-1], count + 1
        return Verification(count, None, previous)


def _record(row: tuple[int, int, str, str, str, str, str, str, str, str, str]) -> AuditRecord:
    number, at, actor, action, target, outcome, reason, address, request_id, details, link = row
    entry = AuditEntry(actor, action, target, Outcome(outcome), reason, address, request_id, json.loads(details))
    return AuditRecord(number, at, entry, link)
