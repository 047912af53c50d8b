"""The settings of a table target: what a definition says under `target`, `mapping` and `write` (sections 7 and 8)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TargetField:
    """One column of a table to be created. `length` is in characters, `precision` in decimal places."""

    name: str
    type: str
    length: int | None = None
    precision: int | None = None
    not_null: bool = False
    primary_key: bool = False


@dataclass(frozen=True, slots=True)
class TargetSettings:
    """Where rows go. `mode` is EXISTING or AUTO_CREATE (create if absent, else reuse)."""

    connection: str
    table: str
    mode: str = "EXISTING"
    fields: tuple[TargetField, ...] = ()
    create_sql: str | None = None


@dataclass(frozen=True, slots=True)
class WriteSettings:
    """How rows are written: the method, the logical key, what happens to an equal key, and the batch size in rows.

    `clearing` says how EMPTY_THEN_WRITE empties the table.
    """

    method: str = "DIRECT"
    keys: tuple[str, ...] = ()
    conflict: str = "UPDATE"
    transaction: bool = False
    batch_size: int = 1000
    clearing: str = "DELETE"


FieldMapping = tuple[tuple[str, str], ...]
"""Pairs of source field and target column; empty means: by equal names, whatever their case."""
