"""The catalog version: it grows with every change of what the services keep in memory."""

import sqlite3

from .database import StoreDatabase


def changed(connection: sqlite3.Connection) -> None:
    """Say, in the transaction of the change, that tasks, connections or applications changed."""
    connection.execute("UPDATE catalog SET version = version + 1")


def version(database: StoreDatabase) -> int:
    """Return the current version; a cheap read that every request may do."""
    return int(database.read("SELECT version FROM catalog")[0][0])
