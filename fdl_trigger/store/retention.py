"""Forgetting old records."""

import sqlite3

from .writer import Writer

# Finished instances that ended before a time, or that lie beyond the newest so many.
_DELETE = """
DELETE FROM instance WHERE id IN (
    SELECT id FROM instance
    WHERE finished_at IS NOT NULL
      AND (finished_at < ? OR id <= (SELECT id FROM instance ORDER BY id DESC LIMIT 1 OFFSET ?))
    LIMIT ?
)
"""


class Retention:
    """Deletes finished instances, with all that belongs to them, in batches that never hold up a trigger."""

    def __init__(self, writer: Writer, batch: int = 500) -> None:
        self._writer = writer
        self._batch = batch

    def purge(self, finished_before: int, keep: int) -> int:
        """Delete one batch of what ended before a time or lies beyond the newest `keep`; return how many."""

        def delete(connection: sqlite3.Connection) -> int:
            return connection.execute(_DELETE, (finished_before, keep, self._batch)).rowcount

        return self._writer.write(delete)
