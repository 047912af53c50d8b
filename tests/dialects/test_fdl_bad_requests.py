"""Whatever is sent, the answer is clean: this wire's envelope, never a 5xx, nothing run."""

import json

import pytest
from fdl_platform import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fdl_trigger.dialects.finedatalink.errors import ERRORS
from fdl_trigger.dialects.finedatalink.operations import OPERATIONS

EXECUTE = f"{ROOT}/fdl/workId/execute"
RECORDS = f"{ROOT}/fdl/workId/records"
PARAMETER, REQUEST = ERRORS["invalid_parameter"].error_code, ERRORS["invalid_request"].error_code


def nothing_ran(platform):
    return platform.runtime.store.records.unfinished(platform.task.id) == []


BODIES = {
    "half an object": b'{"workId": "',
    "an array": b"[]",
    "a number": b"5",
    "a form": b"workId=x",
    "xml": b"<workId/>",
    "nan": b'{"workId": NaN}',
    "bytes": bytes(range(256)),
    "utf-16": '{"workId": "x"}'.encode("utf-16"),
    "100 levels": b'{"params":' * 100 + b"1" + b"}" * 100,
    "100,000 levels": b"[" * 100_000 + b"]" * 100_000,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_that_cannot_be_read_is_refused_by_every_operation(platform, body):
    for wire in OPERATIONS:
        answer = platform.send(wire.methods[0], ROOT + wire.paths[0], data=body, content_type="application/json")
        assert (answer.status, answer.error) == (200, REQUEST), wire.name
    assert nothing_ran(platform)


FIELDS = {
    "a number": {"workId": 5},
    "a list": {"workId": ["x"]},
    "nul": {"workId": "x\0"},
    "half a pair": {"workId": "\ud800"},
    "params text": {"params": "x"},
    "params nul": {"params": {"a": "\0"}},
    "wait word": {"wait": "soon"},
}


@pytest.mark.parametrize("fields", FIELDS.values(), ids=FIELDS)
def test_a_wrong_field_of_a_run_call_is_named(platform, fields):
    answer = platform.send("POST", EXECUTE, data=json.dumps({"workId": platform.task.uid, **fields}))
    assert (answer.status, answer.error) == (200, PARAMETER)
    assert answer.envelope["errorMsg"].startswith(next(iter(fields)))
    assert nothing_ran(platform)


@pytest.mark.parametrize(
    "fields",
    [
        {"taskStatus": "DONE"},
        {"taskStatus": {"a": 1}},
        {"triggerMethod": "CRON"},
        {"startTime": "the day before yesterday"},
        {"finishTime": "2025-02-30"},
        {"latest": "maybe"},
        {"pageNum": 0},
        {"pageSize": 1001},
    ],
)
def test_a_wrong_filter_is_named(platform, fields):
    answer = platform.call("records_by_id", {"workId": platform.task.uid, **fields})
    assert (answer.status, answer.error) == (200, PARAMETER)
    assert answer.envelope["errorMsg"].startswith(next(iter(fields)))


def test_a_parameter_given_twice_is_refused(platform):
    twice = f"workId={platform.task.uid}&workId={platform.task.uid}"
    assert platform.send("POST", EXECUTE, query_string=twice).error == PARAMETER
    body = f'{{"workId": "{platform.task.uid}", "workId": "x"}}'
    assert platform.send("POST", EXECUTE, data=body).error == PARAMETER
    assert nothing_ran(platform)


@pytest.mark.parametrize("query", ["workId=%FF%FE", "workId=%00", "&".join(["a=1"] * 200), "client_id=%C3%28"])
def test_a_query_that_cannot_be_read_is_refused(platform, query):
    answer = platform.send("POST", EXECUTE, query_string=query)
    assert (answer.status, answer.error) in ((200, REQUEST), (200, PARAMETER))


@pytest.mark.parametrize("identifier", ["%00", "%FF", "a%2Fb", "..%2f..", "%E6%95%B0", "x" * 2000, "'%20OR%201=1--"])
def test_any_identifier_in_a_path_is_merely_unknown(platform, identifier):
    for tail in ("execute", "records", "terminate"):
        answer = platform.send("POST", f"{ROOT}/fdl/work/{identifier}/{tail}")
        assert answer.error
        assert answer.status in (200, 404)


def test_a_body_of_ten_megabytes_is_refused_as_too_large(platform):
    answer = platform.send("POST", EXECUTE, data=b'{"workId": "' + b"x" * 10_000_000 + b'"}')
    assert (answer.status, answer.error) == (413, ERRORS["request_too_large"].error_code)


@pytest.mark.parametrize("header", ["client_id", "secret", "_sign_", "decUser"])
@pytest.mark.parametrize("value", ["\xff\xfe", "x" * 5000, "a, b", "' OR 1=1 --"])
def test_odd_headers_are_refused_cleanly(platform, header, value):
    answer = platform.call("execute_by_id", {"workId": "x"}, headers={**platform.credentials, header: value})
    assert answer.error
    assert answer.status in (200, 401)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
NAMES = ["workId", "workName", "recordId", "latest", "startTime", "finishTime", "taskStatus", "triggerMethod", "params",
         "wait", "pageNum", "pageSize", "decUser"]  # fmt: skip
BODY = st.binary(max_size=100) | st.dictionaries(st.sampled_from(NAMES), JSON).map(lambda it: json.dumps(it).encode())
QUERY = st.binary(max_size=60).map(lambda it: it.decode("latin-1")) | st.lists(
    st.tuples(st.sampled_from(NAMES), st.text(max_size=10)), max_size=4
)
ROUTES = [(method, path) for wire in OPERATIONS for path in wire.paths for method in wire.methods]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(route=st.sampled_from(ROUTES), body=BODY, query=QUERY, identifier=st.text(min_size=1, max_size=10))
def test_whatever_is_sent_the_answer_is_this_wires_and_no_server_error(platform, route, body, query, identifier):
    method, path = route
    for key in ("workId", "recordId"):
        path = path.replace(f"<{key}>", identifier.replace("/", "").replace("?", "").replace("#", "") or "x")
    query = query if isinstance(query, str) else dict(query)
    answer = platform.send(method, ROOT + path, data=body, query_string=query)
    assert answer.status < 500, answer.envelope
    assert set(answer.envelope) == {"success", "code", "message", "data", "errorCode", "errorMsg"}
    assert answer.envelope["success"] is (answer.envelope["errorCode"] is None)
