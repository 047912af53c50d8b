"""How MariaDB and MySQL say things."""

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy.dialects import mysql

from ..column_types import Column
from .grammar import Grammar


class MysqlGrammar(Grammar):
    """See Grammar. Created tables tell texts apart exactly, as the other databases do."""

    name_limit = 64
    max_columns = 4096
    max_values = 2000  # a batch to be matched is a UNION of its rows
    table_options: ClassVar[dict[str, Any]] = {
        "mysql_engine": "InnoDB",
        "mysql_charset": "utf8mb4",
        "mysql_collate": "utf8mb4_bin",
    }

    def __init__(self) -> None:
        super().__init__(mysql.dialect(paramstyle="named"))

    def upsert(self, table: str, columns: Sequence[str], key: Sequence[str], conflict: str) -> str:
        """See Grammar. Holds for tables with no other unique key: MySQL asks none in particular."""
        updated = [name for name in columns if name not in key] if conflict != "SKIP" else []
        settings = ", ".join(f"{self.quote(name)} = VALUES({self.quote(name)})" for name in updated)
        nothing = f"{self.quote(key[0])} = {self.quote(table)}.{self.quote(key[0])}"
        return f"{self.insert(table, columns)} ON DUPLICATE KEY UPDATE {settings or nothing}"

    def listed(self, marks: str) -> str:
        """See Grammar."""
        return marks

    def match_keys(self, table: str, key: Sequence[Column], identity: Sequence[str], rows: int) -> str:
        """See Grammar. The values of a derived table lose their claim to the column's collation: it is named."""
        first = ", ".join([f"{self.position} AS position", *(f"{self.marker} AS k{n}" for n in range(len(key)))])
        more = f" UNION ALL SELECT {self.marks(len(key) + 1)}" * (rows - 1)
        same = " AND ".join(
            f"t.{self.quote(column.name)} = {column.compared.replace('{}', f'batch.k{index}')}"
            for index, column in enumerate(key)
        )
        names = ", ".join(f"t.{self.quote(name)}" for name in identity)
        batch = f"(SELECT {first}{more}) AS batch"
        return f"SELECT batch.position, {names} FROM {self.quote(table)} AS t JOIN {batch} ON {same}"

    def compared(self, column: Column) -> str:
        """See Grammar. A value of its own takes the collation of the column it meets."""
        return self.marker
