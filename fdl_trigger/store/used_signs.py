"""Signatures that were used: the unique constraint decides which of two calls with the same one was first."""

import sqlite3

from ..domain.clock import Clock
from .writer import Writer

# As many expired rows are forgotten with each new one, so that the table does not grow and no call pays for others.
_FORGOTTEN_EACH_TIME = 4
_FORGET = """
DELETE FROM used_sign WHERE (application_id, sign) IN
    (SELECT application_id, sign FROM used_sign WHERE expires_at < ? ORDER BY expires_at LIMIT ?)
"""


class UsedSigns:
    """Remembers each signature until it would have expired anyway."""

    def __init__(self, writer: Writer, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock

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
