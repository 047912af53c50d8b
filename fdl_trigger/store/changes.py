"""The catalog version: a number in the store that grows with every change of what is kept in memory."""

import sqlite3

from .database import StoreConnection, StoreDatabase


def changed(connection: sqlite3.Connection) -> None:
    """Say, in the transaction of the change, that tasks, connections or applications changed."""
    connection.execute("UPDATE catalog SET version = version + 1")
    if isinstance(connection, StoreConnection):
        connection.has_changed_catalog = True


def current_version(database: StoreDatabase) -> int:
    """Return the current number, as it is in the store."""
    return int(database.read("SELECT version FROM catalog")[0][0])
