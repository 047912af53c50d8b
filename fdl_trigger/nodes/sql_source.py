"""A SQL statement as a source of rows."""

import time
from collections.abc import Generator, Iterator
from types import TracebackType
from typing import Self

from ..domain.states import Level
from .context import NodeContext
from .databases import Database, Rows, open_database
from .errors import NodeError
from .json_table import EMPTY, Table
from .page import Page
from .sql_settings import SqlSettings
from .sql_values import as_rows, binder_for

_LOGGED_CHARACTERS = 2000


class SqlSource:
    """Yields the rows of a statement, `fetch_size` a page. Use as a context manager.

    Raises BuildError for a connection that cannot be used, NodeError when the database fails.
    """

    def __init__(self, settings: SqlSettings, context: NodeContext) -> None:
        self._settings = settings
        self._context = context
        self._pages: Generator[Page, None, None] | None = None
        self._database: Database = open_database(context.connection(settings.connection), context)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pages is not None:
            self._pages.close()  # ends the query before its connection
        self._database.close()

    def pages(self) -> Iterator[Page]:
        """Yield the rows page by page, at least one page, as they come from the database; once only."""
        self._pages = self._walk()
        return self._pages

    def _walk(self) -> Generator[Page, None, None]:
        settings = self._settings
        bound = binder_for(self._database.lexicon, settings.params, settings.raw, self._context).bind(settings.sql)
        self._context.log(Level.INFO, f"SQL: {settings.sql.strip()[:_LOGGED_CHARACTERS]}")
        started = time.monotonic()
        with (
            self._context.on_stop(self._database.interrupt),
            self._database.query(bound.sql, bound.values, settings.fetch_size) as rows,
        ):
            self._context.log(Level.INFO, f"first rows after {round((time.monotonic() - started) * 1000)} ms")
            yield from _pages(rows)


def _pages(rows: Rows) -> Iterator[Page]:
    number = 0
    while True:
        fetched = rows.fetch()
        if number == 0 and not rows.names and not fetched and rows.changed >= 0:
            raise NodeError("the statement gave no rows; a source needs a SELECT")
        if not fetched and number:
            return
        number += 1
        yield Page(number, 0, None, Table(rows.names, as_rows(rows.names, fetched)) if fetched else EMPTY)
