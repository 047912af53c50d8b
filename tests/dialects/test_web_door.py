"""The door itself: pages of other origins, health, errors outside any dialect, request ids, the access log."""

import logging

import pytest
from fdl_platform import ROOT

from fdl_trigger import __version__
from fdl_trigger.dialects import DIALECTS
from fdl_trigger.dialects.finedatalink.errors import ERRORS
from fdl_trigger.dialects.finedatalink.operations import OPERATIONS
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Grant

EXECUTE = f"{ROOT}/fdl/workId/execute"
PAGE = "https://bi.example.com"
EVIL = "https://evil.example.com"


@pytest.fixture
def page(platform):
    """A page application bound to running the one task."""
    return platform.runtime.access.create(
        "page", method="page", origins=[PAGE], grants=[Grant(Operation.EXECUTE, platform.task.id)]
    )


def from_page(platform, page, origin=PAGE, path=EXECUTE, **request):
    headers = {"client_id": page.client_id, "Origin": origin}
    return platform.send("POST", path, headers=headers, json={"workId": platform.task.uid}, **request)


def test_a_page_runs_its_task_from_its_own_origin(platform, page):
    answer = from_page(platform, page)
    assert answer.data["recordId"]
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert answer.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_page_may_name_itself_in_the_query(platform, page):
    answer = platform.send(
        "POST",
        EXECUTE,
        headers={"Origin": PAGE},
        query_string={"client_id": page.client_id},
        json={"workId": platform.task.uid},
    )
    assert answer.data["recordId"]


@pytest.mark.parametrize("origin", [EVIL, "null", "", f"{PAGE}:8443", "http://bi.example.com"])
def test_a_page_of_another_origin_is_refused_and_cannot_read_why(platform, page, origin):
    answer = from_page(platform, page, origin)
    assert (answer.status, answer.error) == (401, ERRORS["authentication_failed"].error_code)
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_page_is_bound_by_its_grants(platform, page):
    other = platform.publish("other")
    assert from_page(platform, page, path=f"{ROOT}/fdl/workId/terminate").status == 403
    body = {"workId": other.uid}
    headers = {"client_id": page.client_id, "Origin": PAGE}
    answer = platform.send("POST", EXECUTE, headers=headers, json=body)
    assert answer.error == ERRORS["task_not_found"].error_code


def test_a_page_of_the_same_origin_reads_without_an_origin_header(platform, page):
    platform.runtime.access.grant(page.client_id, [Grant(Operation.READ, platform.task.id)])
    record = platform.execute()
    path = f"{ROOT}/fdl/record/info?recordId={record}"
    seen = platform.send("GET", path, headers={"client_id": page.client_id, "Referer": f"{PAGE}/report"})
    assert seen.data["recordId"] == record
    assert platform.send("GET", path, headers={"client_id": page.client_id}).status == 401


def test_a_page_is_rate_limited_by_default(platform, page):
    statuses = [from_page(platform, page).status for _ in range(61)]
    assert statuses.count(200) == 60
    limited = from_page(platform, page)
    assert limited.status == 429
    assert limited.headers["Access-Control-Allow-Origin"] == PAGE
    assert limited.headers["Retry-After"]


def preflight(platform, origin, path=EXECUTE):
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return platform.app.test_client().options(path, headers=headers)


@pytest.mark.parametrize("path", [path for wire in OPERATIONS for path in wire.paths])
def test_a_preflight_is_answered_for_the_origin_of_a_page(platform, page, path):
    answer = preflight(platform, PAGE, ROOT + path)
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert {"client_id", "content-type"} <= set(answer.headers["Access-Control-Allow-Headers"].split(", "))
    assert set(answer.headers["Access-Control-Allow-Methods"].split(", ")) & {"GET", "POST"}


def test_a_preflight_of_another_origin_allows_nothing(platform, page):
    answer = preflight(platform, EVIL)
    assert answer.status_code == 204
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control-Allow")]


def test_a_disabled_page_application_allows_its_origin_nothing(platform, page):
    platform.runtime.access.enable(page.client_id, False)
    assert "Access-Control-Allow-Origin" not in preflight(platform, PAGE).headers


@pytest.mark.parametrize(("listed", "origin"), [((PAGE,), PAGE), (("*",), EVIL)])
def test_listed_origins_may_call_with_any_application(build, listed, origin):
    platform = build(server={"cors_origins": listed})
    answer = platform.call(
        "records_by_id", {"workId": platform.task.uid}, headers={**platform.credentials, "Origin": origin}
    )
    assert answer.data == []
    assert answer.headers["Access-Control-Allow-Origin"] == origin


def test_the_process_tells_that_it_is_up(platform):
    answer = platform.app.test_client().get("/healthz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok", "version": __version__})


def test_readiness_follows_the_store(platform, monkeypatch):
    client = platform.app.test_client()
    assert client.get("/readyz").status_code == 200
    monkeypatch.setattr(platform.runtime, "readiness", lambda: {"store": "the disk is full"})
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["problems"]) == (503, {"store": "the disk is full"})


@pytest.mark.parametrize(("method", "path", "status", "code"), [
    ("GET", "/nothing", 404, "path_not_found"),
    ("POST", "/healthz", 405, "method_not_allowed"),
])  # fmt: skip
def test_outside_the_dialects_an_error_is_plain_json(platform, method, path, status, code):
    answer = platform.app.test_client().open(path, method=method)
    assert (answer.status_code, answer.get_json()["error"]) == (status, code)
    if status == 405:
        assert "GET" in answer.headers["Allow"]


def test_an_unexpected_exception_is_logged_under_the_request_id_and_not_shown(platform, monkeypatch, caplog):
    def broken(*_args, **_kwargs):
        raise RuntimeError("a password: hunter2")

    monkeypatch.setattr(platform.runtime, "instances", None)
    answer = platform.call("records_by_id", {"workId": platform.task.uid})
    assert (answer.status, answer.error) == (500, ERRORS["internal_error"].error_code)
    assert "NoneType" not in str(answer.envelope)
    monkeypatch.setattr(platform.runtime, "readiness", broken)
    with caplog.at_level(logging.ERROR, "fdl_trigger"):
        plain = platform.app.test_client().get("/readyz", headers={"X-Request-Id": "trace-1"})
    assert (plain.status_code, plain.get_json()["error"]) == (500, "internal_error")
    assert "hunter2" not in plain.get_data(as_text=True)
    assert "RuntimeError" in caplog.text
    assert plain.headers["X-Request-Id"] == "trace-1"


@pytest.mark.parametrize(("given", "is_kept"), [("trace-1", True), ("a b", False), ("x" * 65, False), ("é", False)])
def test_a_sane_request_id_is_echoed_and_another_replaced(platform, given, is_kept):
    echoed = platform.app.test_client().get("/healthz", headers={"X-Request-Id": given}).headers["X-Request-Id"]
    assert (echoed == given) is is_kept
    assert echoed


def test_the_access_log_names_the_client_and_no_secret(platform, caplog):
    with caplog.at_level(logging.INFO, "fdl_trigger.access_log"):
        platform.send("POST", EXECUTE, headers={}, query_string={**platform.credentials, "workId": platform.task.uid})
        platform.send("POST", f"{ROOT}/fdl/%0aforged", headers={})
    [run, forged] = [record.getMessage() for record in caplog.records if record.name == "fdl_trigger.access_log"]
    assert run.startswith(f"POST {EXECUTE} 200 ")
    assert platform.application.client_id in run
    assert platform.application.secret not in caplog.text
    assert "\n" not in forged


def test_answers_carry_the_headers_that_protect_browsers(platform):
    headers = platform.call("records_by_id", {"workId": platform.task.uid}).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_the_page_script_is_served(platform):
    with platform.app.test_client().get("/static/fdl-trigger.js") as answer:
        assert answer.status_code == 200
        assert answer.mimetype in ("text/javascript", "application/javascript")
    assert platform.app.test_client().get("/static/../pyproject.toml").status_code == 404


def test_the_openapi_document_describes_every_path(platform):
    document = platform.app.test_client().get("/api/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    for wire in OPERATIONS:
        for path in wire.paths:
            described = document["paths"][ROOT + path.replace("<", "{").replace(">", "}")]
            for method in wire.methods:
                assert described[method.lower()]["summary"] == wire.summary
    assert "fdlClientId" in document["components"]["securitySchemes"]
    schema = document["components"]["schemas"]["FdlRecordsById"]
    assert "SUCCESS" in str(schema["properties"]["taskStatus"])


def test_every_dialect_has_a_section_of_the_settings(platform):
    assert all(hasattr(platform.runtime.settings, name) for name in DIALECTS)


def test_the_application_can_be_built_before_the_runtime_starts(platform):
    from fdl_trigger.runtime import Runtime
    from fdl_trigger.web import create_app

    app = create_app(Runtime(platform.runtime.settings, run_engine=False))
    assert app.test_client().get("/healthz").status_code == 200
