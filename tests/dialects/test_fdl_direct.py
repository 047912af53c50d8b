"""The calls that come often go past Flask; whatever is asked, the answer is the one that the blueprint gives."""

import json
import logging
import re
import uuid

import pytest
from fdl_platform import ROOT, Platform
from test_fdl_bad_requests import BODIES, FIELDS

from fdl_trigger.auth.digest import sign
from fdl_trigger.dialects.finedatalink.blueprint import OFTEN
from fdl_trigger.dialects.finedatalink.operations import APPLICATION_ROOT, OPERATIONS
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Grant

DIRECT = {"wsgi.input_terminated": True}  # as the server says it: the whole body is there
CALLS = [wire for wire in OPERATIONS if wire.name in OFTEN]
_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32}")


@pytest.fixture
def pair(build):
    """Two services alike: one is asked past Flask, the other through it."""
    return build(limits={"page_rate": "2/minute"}), build(limits={"page_rate": "2/minute"})


def ask(platform: Platform, environ, *, method, path, headers, query="", body=b""):
    response = platform.app.test_client().open(
        path,
        method=method,
        headers={"X-Request-Id": "same", **headers},
        query_string=query,
        data=body,
        environ_overrides=environ,
    )
    return response.status, sorted(response.headers), response.get_data()


def nameless(answer):
    """The answer without the ids that differ from one service to the other."""
    status, headers, body = answer
    text = _ID.sub("ID", body.decode())
    kept = [(name, value) for name, value in headers if name != "Content-Length"]
    return status, kept, text, len(text) - text.count("ID") * 2


def fill(value, platform, record):
    """Put this service's ids in the place of words."""
    known = {
        "TASK": platform.task.uid,
        "RECORD": record,
        "CLIENT": platform.application.client_id,
        "SECRET": platform.application.secret or "",
        "NAME": platform.task.name,
    }
    for word, text in known.items():
        value = value.replace(word, text)
    return value


def both(pair, wire, headers, query="", body=""):
    """Ask both services and return the answer, once, when it is the same."""
    direct, flask = pair
    answers = []
    for platform, environ in ((direct, DIRECT), (flask, {})):
        record = vars(platform).setdefault("record", None) or platform.execute()
        vars(platform)["record"] = record
        filled = {name: fill(value, platform, record) for name, value in headers.items()}
        sent = body if isinstance(body, bytes) else fill(body, platform, record).encode()
        answers.append(
            nameless(
                ask(
                    platform,
                    environ,
                    method=wire.methods[0],
                    path=ROOT + wire.paths[0],
                    headers=filled,
                    query=fill(query, platform, record),
                    body=sent,
                )
            )
        )
    assert answers[0] == answers[1]
    return answers[0]


GOOD = {"client_id": "CLIENT", "secret": "SECRET"}
RIGHT = '{"workId": "TASK", "workName": "NAME"}'
HEADERS = {
    "right": GOOD,
    "none": {},
    "a wrong secret": {**GOOD, "secret": "x"},
    "an unknown client": {**GOOD, "client_id": "x"},
    "a secret and a signature": {**GOOD, "_sign_": "x"},
    "two clients": {**GOOD, "client_id": "CLIENT, x"},
    "a user": {**GOOD, "decUser": "alice"},
    "a user that is none": {**GOOD, "decUser": "%zz"},
    "an allowed origin": {**GOOD, "Origin": "https://reports.example.com"},
    "another origin": {**GOOD, "Origin": "https://elsewhere.example.com"},
    "a key": {**GOOD, "Idempotency-Key": "monday"},
    "an empty key": {**GOOD, "Idempotency-Key": ""},
    "a key too long": {**GOOD, "Idempotency-Key": "x" * 300},
    "a last event": {**GOOD, "Last-Event-ID": "1.2"},
}
QUERIES = (
    "",
    "recordId=RECORD",
    "recordId=x",
    "recordId=RECORD&recordId=x",
    "recordId=RECORD&wait=soon",
    "recordId=RECORD&since=nonsense",
    "workId=TASK&client_id=CLIENT&secret=SECRET",
    "a=%ff",
    "&".join("a" * 101),
)


@pytest.mark.parametrize("wire", CALLS, ids=lambda wire: wire.name)
def test_whoever_asks_gets_the_same_answer(pair, wire):
    for headers in HEADERS.values():
        both(pair, wire, headers, "recordId=RECORD", RIGHT)
        both(pair, wire, headers, "recordId=RECORD", RIGHT)


@pytest.mark.parametrize("wire", CALLS, ids=lambda wire: wire.name)
def test_every_query_gets_the_same_answer(pair, wire):
    for query in QUERIES:
        both(pair, wire, GOOD, query, RIGHT)
        both(pair, wire, {}, query, "")


@pytest.mark.parametrize("wire", CALLS, ids=lambda wire: wire.name)
def test_every_body_gets_the_same_answer(pair, wire):
    for body in (*BODIES.values(), b"", b"{}", b'""', b"x" * 11_000_000):
        both(pair, wire, GOOD, "", body)
    for fields in FIELDS.values():
        both(pair, wire, GOOD, "", json.dumps({"workId": "TASK", "workName": "NAME", **fields}))
    for body in (b"", b"x" * 11_000_000):
        both(pair, wire, {}, "", body)


def test_every_kind_of_caller_gets_the_same_answer(pair):
    execute = next(wire for wire in CALLS if wire.name == "execute_by_id")
    answers = []
    for platform, environ in zip(pair, (DIRECT, {}), strict=True):
        access, told = platform.runtime.access, []
        own = [Grant(Operation.EXECUTE, platform.task.id)]
        page = access.create("page", method="page", grants=own, origins=["https://a.example"])
        signing = access.create("signing", method="digest", grants=[Grant(Operation.EXECUTE)])
        powerless = access.create("powerless")
        signature = sign(signing.client_id, signing.secret, platform.clock.now)
        for headers in (
            *[{"client_id": page.client_id, "Origin": "https://a.example"}] * 3,  # the third is one too many
            {"client_id": signing.client_id, "_sign_": signature},
            {"client_id": signing.client_id, "_sign_": signature[:-1]},
            {"client_id": powerless.client_id, "secret": powerless.secret},
        ):
            body = json.dumps({"workId": platform.task.uid}).encode()
            asked = ask(platform, environ, method="POST", path=ROOT + execute.paths[0], headers=headers, body=body)
            told.append(nameless(asked))
        answers.append(told)
    assert answers[0] == answers[1]
    assert len({answer[0] for answer in answers[0]}) > 2


def test_both_ways_leave_the_same_rows_in_the_audit_log(pair):
    for wire in CALLS:
        both(pair, wire, GOOD, "recordId=RECORD", RIGHT)
        both(pair, wire, {**GOOD, "secret": "x"}, "recordId=RECORD", RIGHT)
    trails = []
    for platform in pair:
        platform.runtime.store.ping()  # refusals are posted; this comes after them
        rows = [row.entry for row in platform.runtime.store.audit.newest(100) if row.entry.request_id == "same"]
        told = [(row.actor, row.action, row.target, row.outcome, row.reason, row.address) for row in rows]
        trails.append(_ID.sub("ID", str(told)))
    assert trails[0] == trails[1] != "[]"


def test_both_ways_write_the_same_line_into_the_log(pair, caplog):
    caplog.set_level(logging.INFO, "fdl_trigger")
    both(pair, CALLS[0], GOOD, "recordId=RECORD", RIGHT)
    lines = [line for line in caplog.messages if CALLS[0].paths[0] in line]
    assert len({re.sub(r"[\d.]+ ms", "ms", _ID.sub("ID", line)) for line in lines[-2:]}) == 1
    assert len(lines) == 2 + 2 * (CALLS[0].name == "execute_by_id")


def test_a_mistake_of_ours_is_told_and_logged_both_ways(pair, monkeypatch, caplog):
    for platform in pair:
        platform.execute()
        monkeypatch.setattr(platform.runtime.instances, "trigger", None)
    execute = next(wire for wire in CALLS if wire.name == "execute_by_id")
    for platform in pair:
        vars(platform)["record"] = str(uuid.uuid4())
    assert both(pair, execute, GOOD, "", RIGHT)[0] == "500 INTERNAL SERVER ERROR"
    assert caplog.messages.count(f"POST '{ROOT}{execute.paths[0]}' failed") == 2


def test_a_direct_call_is_not_served_by_flask(platform, monkeypatch):
    monkeypatch.setattr(platform.app, "full_dispatch_request", lambda: platform.app.response_class("flask"))
    for wire in CALLS:
        call = {"method": wire.methods[0], "path": ROOT + wire.paths[0], "headers": {}}
        assert ask(platform, DIRECT, **call)[0] == "401 UNAUTHORIZED"
        assert ask(platform, {}, **call)[2] == b"flask"
        assert ask(platform, DIRECT, **{**call, "method": "PUT"})[2] == b"flask"
        assert ask(platform, DIRECT, **{**call, "path": f"{call['path']}/"})[2] == b"flask"


def test_a_body_that_is_not_whole_yet_is_left_to_flask(platform, monkeypatch):
    monkeypatch.setattr(platform.app, "full_dispatch_request", lambda: platform.app.response_class("flask"))
    call = {"method": "POST", "path": ROOT + CALLS[-1].paths[0], "headers": {}}
    for environ in (
        {"wsgi.input_terminated": False},
        {**DIRECT, "HTTP_TRANSFER_ENCODING": "chunked"},
        {**DIRECT, "CONTENT_LENGTH": "99999999999"},
        {**DIRECT, "CONTENT_LENGTH": "-1"},
        {**DIRECT, "CONTENT_LENGTH": "²"},
    ):
        assert ask(platform, environ, **call)[2] == b"flask"


def test_every_direct_path_is_also_a_route_that_declares_its_permission(platform):
    adapter = platform.app.url_map.bind("")
    views = [(method, path) for method, path in platform.app.wsgi_app.views if APPLICATION_ROOT in path]
    assert len(views) == len(OFTEN) * 2
    for method, path in views:
        endpoint, arguments = adapter.match(path, method)
        assert platform.app.view_functions[endpoint].permission in (Operation.EXECUTE, Operation.READ)
        assert arguments == {}
