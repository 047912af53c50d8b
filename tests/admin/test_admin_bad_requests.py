"""What cannot be read is refused with a problem, never with a crash."""

import pytest


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "not valid JSON"),
        (b"[" * 100_000, "nests too deeply"),
        (b'{"name":' + b"[" * 40 + b"]" * 40 + b"}", "nests more than"),
        (b'{"name": "\\ud800"}', "not Unicode"),
        (b'{"name": NaN}', "out of range"),
        (b'{"name": ' + b"9" * 5000 + b"}", "out of range"),
        (b"\xff\xfe{}", "not valid JSON"),
    ],
)
def test_a_body_that_cannot_be_read(desk, body, told):
    answer = desk.send("POST", "/applications", data=body, content_type="application/json")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_request")
    assert told in answer.get_json()["detail"]


def test_a_body_that_is_not_json_is_not_taken_for_an_empty_one(desk):
    answer = desk.send("POST", "/applications", data='{"name": "x"}', content_type="text/plain")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_request")


def test_a_body_that_is_too_long_is_refused_as_a_problem(desk):
    answer = desk.send("POST", "/applications", data=b" " * 1_100_000, content_type="application/json")
    assert (answer.status_code, answer.get_json()["code"]) == (413, "request_too_large")


def test_every_mistake_of_a_body_is_told_by_its_key(desk):
    answer = desk.send("POST", "/applications", {"method": "magic", "rate": 5, "more": 1}).get_json()
    assert answer["code"] == "invalid_parameter"
    assert {one["key"] for one in answer["problems"]} == {"name", "method", "rate", "more"}


def test_unknown_paths_and_methods_are_problems_too(desk):
    assert desk.problem("GET", "/nothing") == (404, "path_not_found")
    answer = desk.send("DELETE", "/applications")
    assert (answer.status_code, answer.get_json()["code"]) == (405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]
    assert desk.problem("OPTIONS", "/applications") == (405, "method_not_allowed")


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c", "Bearer " + "x" * 8000, "Bearer \x7f", "bearer null"],
)
def test_a_malformed_authorization_is_refused(desk, header):
    status, code = desk.problem("GET", "/tasks", role=None, headers={"Authorization": header})
    assert (status, code.startswith("token_")) == (401, True)


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=1001", "offset=-1"])
def test_a_wrong_page_is_refused(desk, query):
    assert desk.problem("GET", f"/tasks?{query}") == (422, "invalid_parameter")


def test_every_error_of_the_domain_has_a_status():
    from fdl_trigger.admin.problems import STATUSES
    from fdl_trigger.domain.errors import error_codes

    assert set(error_codes()) - set(STATUSES) == set()
