"""Signatures that were used: the unique constraint decides which of two calls with the same one was first."""

import sqlite3
import threading

from ..domain.clock import Clock
from .database import StoreDatabase
from .writer import Writer

# As many expired rows are forgotten with each new one, so that the table does not grow and no call pays for others.
_FORGOTTEN_EACH_TIME = 4
_FORGET = """
DELETE FROM used_sign WHERE (application_id, sign) IN
    (SELECT application_id, sign FROM used_sign WHERE expires_at < ? ORDER BY expires_at LIMIT ?)
"""


GENERATION_MS = 60_000
_USED = "SELECT 1 FROM used_sign WHERE application_id = ? AND sign = ? AND expires_at >= ?"
# An application that was deleted meanwhile must not undo the neighbours' rows.
_USE = """
INSERT INTO used_sign (application_id, sign, expires_at)
SELECT ?, ?, ? WHERE EXISTS (SELECT 1 FROM application WHERE id = ?)
ON CONFLICT (application_id, sign) DO UPDATE SET expires_at = excluded.expires_at
"""


class UsedSigns:
    """Remembers each signature until it would have expired anyway."""

    def __init__(self, database: StoreDatabase, writer: Writer, clock: Clock) -> None:
        self._database = database
        self._writer = writer
        self._clock = clock
        self._lock = threading.Lock()
        # What was taken lately, one generation or two: what may not be in the store yet.
        self._newer: set[tuple[int, str]] = set()
        self._older: set[tuple[int, str]] = set()
        self._newer_since = 0
        self._unwritten: list[tuple[int, str, int, int]] = []

    def take(self, application_id: int, sign: str, expires_at: int) -> bool:
        """Use a signature up as `spend` does, without waiting for the disk; for the process that serves the store.

        It is on disk before anything that is written after this call: what a call does cannot last without it.
        """
        now, key = self._clock(), (application_id, sign)
        if self._database.read(_USED, (*key, now)):
            return False
        with self._lock:
            if not self._is_first(key, now):
                return False
            if not self._unwritten:  # otherwise the write that is already handed in takes this one along
                self._writer.post(self._write)
            self._unwritten.append((*key, expires_at, application_id))
            self._newer.add(key)
            return True

    def _is_first(self, key: tuple[int, str], now: int) -> bool:
        if now - self._newer_since >= GENERATION_MS:
            is_old = now - self._newer_since >= 2 * GENERATION_MS
            self._older, self._newer, self._newer_since = (set() if is_old else self._newer), set(), now
        return key not in self._newer and key not in self._older

    def _write(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            rows, self._unwritten = self._unwritten, []
        connection.execute(_FORGET, (self._clock(), _FORGOTTEN_EACH_TIME * len(rows)))
        connection.executemany(_USE, rows)

    def spend(self, application_id: int, sign: str, expires_at: int) -> bool:
        """Use a signature up and tell whether it was still unused; durable when this returns."""

        def work(connection: sqlite3.Connection) -> bool:
            connection.execute(_FORGET, (self._clock(), _FORGOTTEN_EACH_TIME))
            added = connection.execute(
                "INSERT INTO used_sign (application_id, sign, expires_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (application_id, sign, expires_at),
            )
            return added.rowcount == 1

        return self._writer.write(work)
