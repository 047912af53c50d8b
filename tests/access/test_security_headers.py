"""The headers that protect browsers stand on every answer, whatever its kind."""

from typing import Any

import pytest
from access_house import House
from access_routes import Route, routes

ROUTES = routes()


def check(answer: Any) -> None:
    headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] in ("DENY", "SAMEORIGIN")
    assert headers["Referrer-Policy"] in ("no-referrer", "same-origin")
    assert headers["X-Request-Id"]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors" in policy
    assert "unsafe-eval" not in policy
    assert "script-src" not in policy or "script-src 'self';" in policy
    if "json" in answer.content_type:
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Frame-Options"] == "DENY"
    assert "Server" not in headers
    answer.close()


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_every_route_answers_with_them(house: House, route: Route) -> None:
    check(house.call(house.callers[0], route.request(house.values(route))))


@pytest.mark.parametrize(
    "path", ["/nothing/at/all", "/nothing", "/api/admin/nothing", "/decision/sp/client/api/nothing", "/static/no"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "TRACE"])
def test_what_does_not_exist_answers_with_them(house: House, path: str, method: str) -> None:
    answer = house.call(house.callers[0], {"path": path, "method": method})
    assert answer.status_code in (401, 404, 405)
    check(answer)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/webroot/decision/sp/client/api/fdl/workId/execute", '"errorCode"'),
        ("/webroot/decision/sp/client/api/module/fdl/workId/execute", '"errorCode"'),
        ("/webroot/decision/login", '"errorCode"'),
        ("/api/admin/tokens", "application/problem+json"),
        ("/api/admin/applications", "application/problem+json"),
    ],
)
def test_a_body_that_is_too_long_is_refused_in_the_envelope_of_its_path(house: House, path: str, told: str) -> None:
    callers = {caller.name: caller for caller in house.callers}
    caller = callers["everything" if "/fdl/" in path and "module" not in path else "admin"]
    request = {"path": path, "method": "POST", "data": b"1" * 1_100_000, "content_type": "application/json"}
    answer = house.call(caller, request)
    assert answer.status_code == 413
    assert told in answer.content_type + answer.get_data(as_text=True)
    check(answer)
