"""What happens around every request: its id, its line in the log, and the headers that protect browsers."""

import logging
import re
import time
import uuid

from flask import Flask, Response, g, request

from .logs import request_id

log = logging.getLogger(__name__)

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def watch(app: Flask) -> None:
    """Give every request an id (the caller's `X-Request-Id` if sane) and a log line without its query or secrets."""
    app.before_request(_open)
    app.after_request(_close)


def _open() -> None:
    given = request.environ.get("HTTP_X_REQUEST_ID", "")
    g.request_id = given if _SANE_ID.fullmatch(given) else uuid.uuid4().hex
    g.started = time.perf_counter()
    request_id.set(g.request_id)


def _close(response: Response) -> Response:
    headers = response.headers
    headers["X-Request-Id"] = g.request_id
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("X-Frame-Options", "SAMEORIGIN")
    if response.mimetype == "application/json":
        headers.setdefault("Cache-Control", "no-store")
        headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    if log.isEnabledFor(logging.INFO):
        _write_line(response)
    return response


def _write_line(response: Response) -> None:
    path = request.path
    log.info(
        "%s %s %d %.1f ms client=%s",
        request.method if request.method.isalpha() else ascii(request.method),
        path if path.isprintable() else ascii(path),
        response.status_code,
        (time.perf_counter() - g.started) * 1000,
        g.get("client_id", "-"),
    )
