"""The API as a source of rows: requests, pages, tables, and their lines in the run log."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any

from ..domain.states import Level
from .answers import log_body, log_request, log_request_body, not_json, refused, text_of
from .api_request import RequestBuilder
from .call_frequency import CallFrequency
from .context import NodeContext
from .http_client import HttpClient, Request
from .json_table import EMPTY, Table, as_table, whole
from .json_text import parse
from .page import Page
from .pagination import walk
from .source_settings import ApiSettings

_NO_CONTENT = 204


class ApiSource:
    """Yields the pages of an API. Use as a context manager; `clock` is monotonic, in seconds."""

    def __init__(self, settings: ApiSettings, context: NodeContext, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._context = context
        self._requests = RequestBuilder(settings, context)
        self._frequency = CallFrequency(settings.frequency, context, clock)
        self._client = HttpClient(
            context, verify_tls=settings.verify_tls, allow_loopback=self._requests.allows_loopback
        )

    def __enter__(self) -> "ApiSource":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.__exit__(kind, error, trace)

    def pages(self) -> Iterator[Page]:
        """Yield the pages one by one; raises NodeError when the API fails or its answer is not usable."""
        return walk(self._settings.pagination, self._fetch, self._context)

    def _fetch(self, number: int, nearer: Mapping[str, Any]) -> Page:
        request = self._requests.build(nearer)
        self._frequency.wait()
        log_request_body(self._context, request)
        answer = self._client.send(request)
        if not 200 <= answer.status <= 299:
            log_request(self._context, request, answer, None)
            raise refused(request, answer)
        text = text_of(answer, self._settings.encoding)
        page = replace(self._page(number, request, answer.status, text), headers=answer.headers)
        log_request(self._context, request, answer, len(page.table))
        log_body(self._context, request, "response body", text)
        if page.table.is_missing:
            self._context.log(Level.WARN, f"page {number}: {self._settings.json_path} is not in the answer, no rows")
        return page

    def _page(self, number: int, request: Request, status: int, text: str) -> Page:
        settings = self._settings
        if status == _NO_CONTENT and not text:
            return Page(number, status, None, EMPTY)
        try:
            document = parse(text)
        except ValueError as error:
            if settings.expand or settings.json_path or settings.pagination:
                raise not_json(request, text, error) from None
            return Page(number, status, None, whole(text))
        table: Table = as_table(document, settings.json_path, settings.expand)
        return Page(number, status, document, table)
