"""How PostgreSQL says things."""

from collections.abc import Sequence

from sqlalchemy.dialects import postgresql

from ..column_types import Column
from .grammar import Grammar


class PostgresqlGrammar(Grammar):
    """See Grammar. Rows are told apart by the table they are stored in and their place there."""

    position = "CAST(%s AS integer)"
    name_limit = 63

    def __init__(self) -> None:
        super().__init__(postgresql.dialect(paramstyle="named"))  # type: ignore[no-untyped-call]  # SQLAlchemy's

    def match_keys(self, table: str, key: Sequence[Column], identity: Sequence[str], rows: int) -> str:
        """See Grammar."""
        names = ", ".join(f"CAST(t.{name} AS text)" for name in identity)
        return (
            f"{self._batch_of_values(key, rows)}"
            f" SELECT batch.position, {names} FROM {self.quote(table)} AS t JOIN batch ON {self._joined(key)}"
        )

    def identified(self, identity: Sequence[str]) -> str:
        """See Grammar."""
        types = {"tableoid": "regclass", "ctid": "tid"}
        return " AND ".join(f"{name} = CAST(%s AS {types[name]})" for name in identity)
