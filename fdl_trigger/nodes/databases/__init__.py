"""Databases as sources and targets of nodes: one file a kind, all behind the interface in database.py."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from marshmallow import ValidationError

from ...domain.records import Connection
from ..connection_schemas import load_settings
from ..context import NodeContext
from ..errors import BuildError
from .database import Database, Result, RowRefused, Rows
from .table import TargetTable

_HOMES = {
    "sqlite": (".sqlite", "SqliteDatabase"),
    "postgresql": (".postgresql", "PostgresqlDatabase"),
    "mysql": (".mysql", "MysqlDatabase"),
}
KINDS = tuple(_HOMES)
"""Every kind of connection that is a database."""

_Opener = Callable[[str, Mapping[str, Any], NodeContext], Database]
_DRIVERS = {"postgresql": ("psycopg", "postgres"), "mysql": ("PyMySQL", "mysql")}  # and the extra that installs it


def open_database(connection: Connection, context: NodeContext) -> Database:
    """Connect to the database of a named connection. Use the result as a context manager.

    Raises BuildError when the connection is no database, its settings are wrong or its driver is not installed;
    NodeError when it cannot be reached.
    """
    if connection.kind not in KINDS:
        wanted = ", ".join(KINDS)
        raise BuildError(f"connection '{connection.name}' is of kind {connection.kind}, a database is needed: {wanted}")
    try:
        settings = load_settings(connection.kind, connection.settings)
    except ValidationError as error:
        raise BuildError(f"the settings of connection '{connection.name}' are wrong: {error}") from None
    return _opener_of(connection.kind)(connection.name, settings, context)


def _opener_of(kind: str) -> _Opener:
    module, name = _HOMES[kind]
    try:
        found: _Opener = getattr(import_module(module, __name__), name)
    except ImportError as error:
        driver, extra = _DRIVERS[kind]
        needed = f"connections of kind {kind} need the driver {driver}: pip install 'fdl-trigger[{extra}]'"
        raise BuildError(f"{needed} ({error})") from None
    return found


__all__ = ["KINDS", "Database", "Result", "RowRefused", "Rows", "TargetTable", "open_database"]
