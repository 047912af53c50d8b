"""The API as a source of rows: requests, pages, tables, and their lines in the run log."""

from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any

from ..domain.states import Level
from .api_request import RequestBuilder
from .call_frequency import CallFrequency
from .context import NodeContext
from .errors import NodeError
from .http_client import Answer, HttpClient, Request
from .json_table import EMPTY, Table, as_table, whole
from .json_text import decode, parse
from .page import Page
from .pagination import walk
from .source_settings import ApiSettings

_LOGGED_CHARACTERS = 2000
_ERROR_CHARACTERS = 500
_NO_CONTENT = 204
_CHARSET = "charset="


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
        if request.body:
            self._log_body(request, "request body", request.body.decode("utf-8", "replace"))
        answer = self._client.send(request)
        if not 200 <= answer.status <= 299:
            self._log_request(request, answer, None)
            raise _refused(request, answer)
        text = decode(answer.content, self._settings.encoding, _charset(answer))
        page = self._page(number, request, answer.status, text)
        self._log_request(request, answer, len(page.table))
        self._log_body(request, "response body", text)
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
                raise NodeError(_not_json(request, text, error)) from None
            return Page(number, status, None, whole(text))
        table: Table = as_table(document, settings.json_path, settings.expand)
        return Page(number, status, document, table)

    def _log_request(self, request: Request, answer: Answer, rows: int | None) -> None:
        where = request.masker.url(request.url)
        counted = "" if rows is None else f", {rows} rows"
        self._context.log(
            Level.INFO,
            f"{request.method} {where}: {answer.status}, {answer.elapsed_ms} ms, {len(answer.content)} bytes{counted}",
        )

    def _log_body(self, request: Request, title: str, text: str) -> None:
        self._context.log(Level.INFO, f"{title}: {request.masker.start(text, _LOGGED_CHARACTERS)}")


def _charset(answer: Answer) -> str | None:
    content_type = answer.headers.get("content-type", "")
    position = content_type.lower().find(_CHARSET)
    if position < 0:
        return None
    return content_type[position + len(_CHARSET) :].split(";")[0].strip() or None


def _refused(request: Request, answer: Answer) -> NodeError:
    content = answer.content[: 32 * _ERROR_CHARACTERS].decode("utf-8", "replace")
    text = request.masker.start(content, _ERROR_CHARACTERS)
    hint = " (only a GET follows redirects)" if 300 <= answer.status <= 399 else ""
    return NodeError(f"{request.method} {request.masker.url(request.url)} answered {answer.status}{hint}: {text}")


def _not_json(request: Request, text: str, error: ValueError) -> str:
    if not text.strip():
        return f"{request.method} {request.masker.url(request.url)}: the answer is empty, not JSON"
    start = request.masker.start(text, 200)
    return f"{request.method} {request.masker.url(request.url)}: the answer is not JSON ({error}); it begins: {start}"
