"""The types of columns to be created, as SQLAlchemy names them."""

from typing import Any

from sqlalchemy import (
    DECIMAL,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Double,
    Integer,
    SmallInteger,
    String,
    Text,
    Time,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

from ..target_settings import TargetField

_TYPES: dict[str, TypeEngine[Any]] = {
    "BIGINT": BigInteger(),
    "INTEGER": Integer(),
    "SMALLINT": SmallInteger(),
    "DOUBLE": Double(),
    "BOOLEAN": Boolean(),
    "TEXT": Text().with_variant(mysql.LONGTEXT(), "mysql"),  # a TEXT of MySQL ends at 64 KiB
    "DATE": Date(),
    "TIME": Time().with_variant(mysql.TIME(fsp=6), "mysql"),
    "DATETIME": DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"),
}


def sql_type(column: TargetField) -> TypeEngine[Any]:
    """Return the type of a column to be created."""
    if column.type == "VARCHAR":
        return String(column.length or 255)
    if column.type == "DECIMAL":
        precision = 10 if column.precision is None else column.precision
        return DECIMAL(column.length or 38, precision)
    return _TYPES[column.type]
