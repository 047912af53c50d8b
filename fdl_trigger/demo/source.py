"""The demo's source: a real week of earthquakes, served page by page as an API that asks for a token."""

import hmac
import json
import time
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from ..config import ServerSettings
from ..server import CannotListen, Server

FEED = Path(__file__).parent / "data" / "usgs-earthquakes-week.json"
MAX_PAGE_SIZE = 1000


@cache
def read_feed() -> dict[str, Any]:
    """Return the whole feed as it was published (data/README.md)."""
    feed: dict[str, Any] = json.loads(FEED.read_text(encoding="utf-8"))
    return feed


def page_of_feed(number: int, size: int) -> dict[str, Any]:
    """Return page `number` (from 1) of the feed in its own envelope; beyond the last page `features` is empty."""
    feed = read_feed()
    features = feed["features"]
    pages = -(-len(features) // size)
    metadata = {**feed["metadata"], "count": len(features), "pages": pages, "pageNum": number, "pageSize": size}
    return {"type": feed["type"], "metadata": metadata, "features": features[(number - 1) * size : number * size]}


def create_source(token: str, delay_s: float = 0.0) -> Flask:
    """Build the API. Each page takes `delay_s` seconds, so that a person sees the progress."""
    app = Flask("fdl_trigger_demo_source", static_folder=None)

    @app.get("/earthquakes")
    def earthquakes() -> Response:
        if not _is_authorized(request.headers.get("Authorization", ""), token):
            return _answer(401, {"error": "unauthorized", "message": "send the header Authorization: Bearer <token>"})
        try:
            number, size = _paging()
        except ValueError as error:
            return _answer(400, {"error": "bad_request", "message": str(error)})
        time.sleep(delay_s)
        return _answer(200, page_of_feed(number, size))

    return app


def _is_authorized(header: str, token: str) -> bool:
    return hmac.compare_digest(header.encode(), f"Bearer {token}".encode())


def _paging() -> tuple[int, int]:
    number, size = request.args.get("pageNum", "1"), request.args.get("pageSize", "200")
    if not (number.isdecimal() and size.isdecimal()):
        raise ValueError("pageNum and pageSize are whole numbers")
    if not (1 <= int(number) <= 1_000_000 and 1 <= int(size) <= MAX_PAGE_SIZE):
        raise ValueError(f"pageNum counts from 1, pageSize goes from 1 to {MAX_PAGE_SIZE}")
    return int(number), int(size)


def _answer(status: int, body: dict[str, Any]) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/json")


def serve_source(token: str, *, port: int = 0, delay_s: float = 0.0) -> Server:
    """Return the API's server on a loopback port; it serves while it is used as a context manager.

    `port` is taken when it is free, so that the address survives a restart; otherwise any free port serves.
    """
    app = create_source(token, delay_s)
    try:
        return Server(app, ServerSettings(port=port, threads=4))
    except CannotListen:
        return Server(app, ServerSettings(port=0, threads=4))


def source_url(server: Server) -> str:
    """Return the address of the feed on this server."""
    return f"{server.url}/earthquakes"
