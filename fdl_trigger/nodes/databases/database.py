"""What every database promises a node: transactions, interruption, streaming, errors in plain words."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Protocol, Self

from ..column_types import Column
from ..context import NodeContext
from ..errors import NodeError
from .binding import Lexicon
from .grammar import Grammar
from .table import TargetTable

LOCK_PATIENCE_S = 5.0
"""How long a statement waits for a lock another program holds."""

CONNECT_PATIENCE_S = 4
"""How long connecting may take; a stop cannot interrupt it."""

Row = tuple[Any, ...]


class RowRefused(NodeError):
    """The database takes this row as dirty; `kind` is a kind of dirty row."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Result:
    """What one statement gave: its rows, and how many rows of a table it changed."""

    rows: list[Row]
    changed: int


class Rows(Protocol):
    """The rows of a running query. `names` is empty for a statement without rows; `changed` is -1 when unknown."""

    names: tuple[str, ...]
    changed: int

    def fetch(self) -> list[Row]:
        """Return the next rows, none at the end."""


class Database(ABC):
    """One connection, outside any transaction until `begin`. Closing rolls back what is open.

    Raises NodeError with what to do when the database is locked, full or lost; RowRefused for a bad row.
    """

    kind: ClassVar[str]
    lexicon: ClassVar[Lexicon]
    column_type: ClassVar[type[Column]]
    truncates: ClassVar[bool] = True  # whether there is a TRUNCATE
    truncate_is_final: ClassVar[bool] = False  # whether it ends the transaction
    errors: ClassVar[tuple[type[Exception], ...]]

    def __init__(self, name: str, grammar: Grammar, context: NodeContext) -> None:
        self.name = name
        self.grammar = grammar
        self.context = context

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    @abstractmethod
    def driver(self) -> Any:
        """The driver's own connection (DB-API)."""

    @property
    @abstractmethod
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""

    @abstractmethod
    def close(self) -> None:
        """Roll back what is open and leave the database."""

    @abstractmethod
    def interrupt(self) -> None:
        """Make the statement that runs now fail, and every one after it; safe from any thread."""

    @abstractmethod
    def begin(self) -> None:
        """Start a writing transaction; raises Stopped while it waits for a lock."""

    @abstractmethod
    def serialise(self, table: str) -> None:
        """Keep others of this service from writing to the table until the transaction ends."""

    @abstractmethod
    def describe(self, table: str) -> TargetTable | None:
        """Return the table of this name, or None."""

    def upserts_on(self, table: TargetTable, key: Sequence[str]) -> bool:
        """Whether the upsert of this database heeds just this key, although the table may have others."""
        return True

    @abstractmethod
    def query(self, sql: str, values: Sequence[Any], fetch_size: int) -> AbstractContextManager[Rows]:
        """Run a statement somebody wrote, marked as `lexicon` says, and hand out its rows `fetch_size` at a time."""

    @abstractmethod
    def failure(self, error: Exception) -> Exception:
        """Return a driver's error in plain words: RowRefused or NodeError."""

    def commit(self) -> None:
        """End the transaction and keep its work."""
        self.execute("COMMIT")

    @abstractmethod
    def rollback(self) -> None:
        """End the transaction, if there is one, and drop its work."""

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo the work of the block when it fails."""
        self.execute("SAVEPOINT batch")
        try:
            yield
        except BaseException:
            if self.in_transaction:
                self.execute("ROLLBACK TO SAVEPOINT batch")
                self.execute("RELEASE SAVEPOINT batch")
            raise
        self.execute("RELEASE SAVEPOINT batch")

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Result:
        """Run one statement of our own, values marked as `grammar` says."""
        with self.in_plain_words(), closing(self.driver.cursor()) as cursor:
            cursor.execute(sql, tuple(values))
            return Result(list(cursor.fetchall()) if cursor.description else [], cursor.rowcount)

    def execute_many(self, sql: str, rows: list[Row]) -> int:
        """Run one statement for every row; returns how many table rows it changed."""
        with self.in_plain_words(), closing(self.driver.cursor()) as cursor:
            cursor.executemany(sql, rows)
            return int(cursor.rowcount)

    def execute_text(self, sql: str) -> None:
        """Run one statement as it stands, a `%` meaning nothing."""
        with self.in_plain_words(), closing(self.driver.cursor()) as cursor:
            cursor.execute(sql)

    @contextmanager
    def in_plain_words(self) -> Iterator[None]:
        """Turn the driver's errors in the block into ours."""
        try:
            yield
        except (UnicodeEncodeError, OverflowError) as error:
            raise RowRefused("TYPE_MISMATCH", f"a value cannot be stored: {error}") from None
        except self.errors as error:
            # Not chained: a driver's message may quote rows and values.
            raise self.failure(error) from None

    def locked(self) -> str:
        """Return what is to be said of a lock that was not given up in time."""
        return f"is locked by another program for more than {LOCK_PATIENCE_S:g} s"

    def lost(self, what: str) -> NodeError:
        """Return the error that says what is the matter with this database."""
        return NodeError(f"the database {self.name} {what}")
