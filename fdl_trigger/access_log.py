"""What happens around every request: its id, its line in the log, and the headers that protect browsers."""

import logging
import re
import time
from typing import Any

from flask import Flask, Response, request
from werkzeug.wsgi import get_path_info

from .dialects.base import CLIENT
from .domain.ids import new_id
from .logs import request_id

log = logging.getLogger(__name__)

Environ = dict[str, Any]

_STARTED = "fdl_trigger.started"
_CLOSED = "default-src 'none'; frame-ancestors 'none'"  # what an answer may load and who may frame it: nothing, nobody
_PAGE_HEADERS = (
    ("X-Frame-Options", "SAMEORIGIN"),
    ("Referrer-Policy", "same-origin"),
    ("Content-Security-Policy", _CLOSED),  # a page that loads something brings a policy of its own
)
_API_HEADERS = (
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", _CLOSED),
)
_API_TYPES = frozenset({"application/json", "application/problem+json"})
_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def watch(app: Flask) -> None:
    """Give every request an id (the caller's `X-Request-Id` if sane) and a log line without its query or secrets."""
    app.before_request(lambda: begin(request.environ))
    app.after_request(lambda response: finish(request.environ, response))


def begin(environ: Environ) -> None:
    """Do what comes before any answer."""
    given = environ.get("HTTP_X_REQUEST_ID", "")
    environ[_STARTED] = time.perf_counter()
    request_id.set(given if _SANE_ID.fullmatch(given) else new_id().hex)


def finish(environ: Environ, response: Response) -> Response:
    """Do what comes after, and return the response."""
    headers = response.headers
    given = {name.lower() for name, _ in headers}
    headers.add("X-Request-Id", request_id.get())
    headers.add("X-Content-Type-Options", "nosniff")
    for name, value in _API_HEADERS if response.content_type in _API_TYPES else _PAGE_HEADERS:
        if name.lower() not in given:
            headers.add(name, value)
    if log.isEnabledFor(logging.INFO):
        _write_line(environ, response)
    return response


def _write_line(environ: Environ, response: Response) -> None:
    method, path = environ["REQUEST_METHOD"], f"/{get_path_info(environ).lstrip('/')}"
    log.info(
        "%s %s %d %.1f ms client=%s",
        method if method.isalpha() else ascii(method),
        path if path.isprintable() else ascii(path),
        response.status_code,
        (time.perf_counter() - environ[_STARTED]) * 1000,
        environ.get(CLIENT, "-"),
    )
