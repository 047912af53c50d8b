"""A table as its database describes it."""

from dataclasses import dataclass

from ..column_types import Column


@dataclass(frozen=True, slots=True)
class TargetTable:
    """A table as it is in the database. `unique` holds every set of columns that identifies a row.

    `identity` names what tells one row from all others while a transaction lasts: hidden columns or the primary key.
    """

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    unique: tuple[frozenset[str], ...] = ()
    identity: tuple[str, ...] = ()

    def column(self, name: str) -> Column | None:
        """Return the column of this name: the exact one, else the one that differs in case only."""
        exact = next((column for column in self.columns if column.name == name), None)
        return exact or next((column for column in self.columns if column.name.lower() == name.lower()), None)
