"""Walks the pages of an API: request first, then test the end (finedatalink-tasks.md section 5.1)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..domain.parameters import as_text
from .context import NodeContext
from .end_conditions import has_ended
from .errors import BuildError, NodeError
from .json_path import find_one
from .page import Page
from .source_settings import Pagination

Fetch = Callable[[int, Mapping[str, Any]], Page]


def walk(pagination: Pagination | None, fetch: Fetch, context: NodeContext) -> Iterator[Page]:
    """Yield page after page, one page when there is no pagination.

    `fetch` takes the number of the request and the paging parameter. The end is tested when the next page is asked
    for, that is after this one was written. Raises NodeError when the limit is reached before the end.
    """
    if pagination is None:
        yield fetch(1, {})
        return
    position: str | int | None = _start(pagination, context)
    for number in range(1, pagination.limit + 1):
        context.check()
        nearer = {pagination.parameter: position}
        page = fetch(number, nearer)
        yield page
        if _is_last(pagination, page, nearer, context):
            return
        position = _next(pagination, position, page)
        if position is None:
            return
        del page
    raise NodeError(
        f"fetching stopped after {pagination.limit} requests, the limit of this source, before its end condition held"
    )


def _start(pagination: Pagination, context: NodeContext) -> str | int:
    text = context.resolve(pagination.initial)
    if pagination.mode == "CURSOR":
        return text
    try:
        return int(text)
    except ValueError:
        raise BuildError(f"the initial {pagination.parameter} must be a whole number, not '{text[:40]}'") from None


def _is_last(pagination: Pagination, page: Page, nearer: Mapping[str, Any], context: NodeContext) -> bool:
    if pagination.end_on_empty_page and not len(page.table):
        return True
    return has_ended(pagination.end, page, nearer, context)


def _next(pagination: Pagination, position: str | int | None, page: Page) -> str | int | None:
    if pagination.mode == "CURSOR":
        return as_text(find_one(pagination.cursor_path, page.document)) or None
    assert isinstance(position, int)  # noqa: S101 - numbers stay numbers, for the type checker
    return position + pagination.step
