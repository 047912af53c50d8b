"""Every route × every kind of caller, generated from the URL map: nobody gets in where they may not."""

import pytest
from access_house import House, is_kept_out, is_let_in
from access_routes import ADMIN, MODULE, OTHER, Route, routes

from fdl_trigger.auth.permissions import Public

ROUTES = routes()
GUARDED = [route for route in ROUTES if not isinstance(route.permission, Public)]
PUBLIC = {
    ("GET", "/static/<path:filename>"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/docs"),
    ("GET", "/docs/<name>"),
    ("GET", "/api/openapi.json"),
    ("POST", "/api/admin/tokens"),
    # EnOS: whoever asks for a token proves the secret in the body; the others tell the time and a public key
    ("POST", "/apim-token-service/v2.0/token/get"),
    ("POST", "/apim-token-service/v2.0/token/refresh"),
    ("GET", "/enos/public-key"),
    ("GET", "/batch-processing-service/v2.1/time"),
    # SchedulerX: one path for every action, each of which asks for its own right (tests/dialects/test_sx_matrix.py)
    *((method, path) for path in ("/", "/schedulerx/") for method in ("GET", "POST")),
    *((method, f"{prefix}/{path}") for prefix in ("/webroot/decision", "/decision") for method, path in (
        ("GET", "login/cross/domain"),
        ("GET", "logout/cross/domain"),
        ("POST", "login"),
        ("POST", "logout"),
    )),
}  # fmt: skip


def test_every_route_declares_what_it_asks_of_its_caller() -> None:
    assert [str(route) for route in ROUTES if route.permission is None] == []


def test_only_these_routes_are_open_to_anybody() -> None:
    opened = {
        (route.method, route.rule)
        for route in ROUTES
        if isinstance(route.permission, Public) and route.method != "HEAD" and route.door != MODULE
    }
    assert opened == PUBLIC


def test_every_public_route_says_why() -> None:
    assert all(len(route.permission.reason) > 10 for route in ROUTES if isinstance(route.permission, Public))


@pytest.mark.parametrize("route", GUARDED, ids=str)
def test_nobody_gets_in_who_may_not_and_everybody_who_may(house: House, route: Route) -> None:
    request = route.request(house.values(route))
    wrong = []
    before = house.belongings()
    for caller in house.callers:
        if not caller.may(route):
            answer = house.call(caller, request)
            if is_let_in(answer) or answer.status_code >= 500:
                wrong.append((caller.name, answer.status_code, answer.get_data(as_text=True)[:200]))
    assert wrong == []
    assert house.belongings() == before
    for caller in house.callers:
        if caller.may(route):
            answer = house.call(caller, route.request(house.values(route)))
            if is_kept_out(answer) or answer.status_code >= 500:
                wrong.append((caller.name, answer.status_code, answer.get_data(as_text=True)[:200]))
            answer.close()
    assert wrong == []


@pytest.mark.parametrize("route", [one for one in ROUTES if one.door == MODULE and "fdl" not in one.rule], ids=str)
def test_below_module_there_is_nothing_else_for_anybody(house: House, route: Route) -> None:
    request = route.request(house.values(route))
    assert [caller.name for caller in house.callers if is_let_in(house.call(caller, request))] == []


def test_the_matrix_is_not_empty() -> None:
    assert len({route.rule for route in GUARDED if route.door == ADMIN}) > 15
    assert len({route.rule for route in GUARDED if route.door == MODULE}) > 10
    assert not any(route.door == OTHER for route in GUARDED)


def test_every_guarded_route_lets_somebody_in(house: House) -> None:
    assert [str(route) for route in GUARDED if not any(caller.may(route) for caller in house.callers)] == []


def test_a_refusal_is_written_down_with_its_reason(house: House) -> None:
    for caller in (one for one in house.callers if one.name in ("viewer", "wrong secret", "expired token")):
        path = (
            "/webroot/decision/sp/client/api/fdl/record/info" if "client_id" in caller.headers else "/api/admin/users"
        )
        answer = house.call(caller, {"path": path, "method": "GET"})
        house.flush()
        [record] = house.runtime.audit.of_request(answer.headers["X-Request-Id"])
        assert (record.entry.outcome, bool(record.entry.reason), record.entry.address) == ("refused", True, "127.0.0.1")


def test_the_audit_log_is_sound_after_all_this(house: House) -> None:
    found = house.runtime.audit.verify()
    assert found.broken is None
    assert found.rows > 0
