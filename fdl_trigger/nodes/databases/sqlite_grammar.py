"""How SQLite says things."""

from collections.abc import Sequence

from sqlalchemy.dialects import sqlite

from ..column_types import Column
from .grammar import Grammar


class SqliteGrammar(Grammar):
    """See Grammar."""

    marker = "?"
    position = "?"
    max_columns = 2000

    def __init__(self) -> None:
        super().__init__(sqlite.dialect())

    def match_keys(self, table: str, key: Sequence[Column], identity: Sequence[str], rows: int) -> str:
        """See Grammar. The number of a row is no column: quoted, it would be a text where a table has none."""
        names = ", ".join(f"t.{name}" for name in identity)
        return (
            f"{self._batch_of_values(key, rows)}"
            f" SELECT batch.position, {names} FROM {self.quote(table)} AS t JOIN batch ON {self._joined(key)}"
        )

    def identified(self, identity: Sequence[str]) -> str:
        """See Grammar."""
        return " AND ".join(f"{name} = ?" for name in identity)
