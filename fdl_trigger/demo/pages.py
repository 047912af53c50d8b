"""The demo report page and the two JSON resources behind its table and its chart."""

import sqlite3
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from .rows import Earthquakes

MAX_SIZE = 200
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


@dataclass(frozen=True, slots=True)
class Report:
    """What the page must know: its page application and the task it runs. `base` is the open platform's path."""

    client_id: str
    work_id: str
    work_name: str
    expected_rows: int
    base: str = "/webroot/decision"


def create_pages(report: Report, earthquakes: Earthquakes) -> Blueprint:
    """Build the blueprint that answers under /demo/."""
    pages = Blueprint("demo", __name__, url_prefix="/demo", template_folder="templates")

    @pages.get("/")
    def page() -> str:
        return render_template(
            "demo_report.html",
            client_id=report.client_id,
            work_id=report.work_id,
            work_name=report.work_name,
            expected_rows=report.expected_rows,
            base=report.base,
            origin=request.host_url.rstrip("/"),
        )

    @pages.get("/rows")
    def rows() -> Response:
        return jsonify(earthquakes.rows(_number("page", 1, 1_000_000), _number("size", 25, MAX_SIZE)))

    @pages.get("/chart")
    def chart() -> Response:
        return jsonify(earthquakes.chart())

    pages.register_error_handler(sqlite3.Error, _unreadable)
    pages.after_request(_protected)
    return pages


def redirect_to_report() -> AnyResponse:
    """Send a reader of the bare address to the report."""
    return redirect("/demo/")


def _unreadable(error: sqlite3.Error) -> tuple[Response, int]:
    return jsonify(error="target_unreadable", message=f"The target database cannot be read: {error}."), 503


def _number(name: str, default: int, limit: int) -> int:
    text: Any = request.args.get(name, "")
    return min(max(int(text), 1), limit) if text.isdecimal() and len(text) < 10 else default


def _protected(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response
