"""Calls as an integration application against a real server: what proves it, what is kept, what is tried again."""

import base64
import hashlib
from urllib.parse import unquote, urlsplit

import pytest
from api_server import Reply
from marshmallow import ValidationError

from fdl_trigger.domain.apigw import Signable, payload_hash, signature
from fdl_trigger.domain.records import Connection
from fdl_trigger.nodes import NODE_TYPES
from fdl_trigger.nodes.connection_schemas import load_settings
from fdl_trigger.nodes.errors import BuildError, NodeError
from fdl_trigger.nodes.integration_application import APP_KINDS

KEY, SECRET, CODE = "app-key-0001", "app-secret-0001-very-long", "app-code-0001"


@pytest.fixture
def gateway(bench, api):
    settings = {"application": {"key": KEY, "secret": SECRET, "code": CODE}}
    bench.connections["gateway"] = Connection("gateway", "api", settings)
    api.replies["/x"] = {"ok": True}
    return api


def call(bench, gateway, kind, **config):
    base = {"url": gateway.url + "/x", "connection": "gateway", "authorization": {"type": kind}}
    return bench.run_node("HTTP_CALL", {**base, **config})


def is_signed(seen):
    """Check the signature as a gateway does, from what came in."""
    scheme, _, rest = seen.headers["Authorization"].partition(" ")
    parts = dict(part.split("=", 1) for part in rest.split(", "))
    headers = {name.lower(): value.encode("latin-1").decode() for name, value in seen.headers.items()}
    target = urlsplit(seen.path)
    request = Signable(seen.method, unquote(target.path), target.query, headers, payload_hash(seen.body))
    assert (scheme, parts["Access"]) == ("SDK-HMAC-SHA256", KEY)
    assert {"host", "x-sdk-date"} <= set(parts["SignedHeaders"].split(";"))
    return signature(request, parts["SignedHeaders"].split(";"), SECRET) == parts["Signature"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("APP_SECRET", {"X-HW-ID": KEY, "X-HW-AppKey": SECRET}),
        ("APP_CODE", {"X-Apig-AppCode": CODE}),
        ("APP_BASIC", {"Authorization": "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()}),
        ("APP_API_KEY", {"apikey": KEY}),
    ],
)
def test_an_application_shows_its_credentials(bench, gateway, kind, expected):
    run = call(bench, gateway, kind, keepAttempts=True)
    [seen] = gateway.seen
    assert {name: seen.headers[name] for name in expected} == expected
    assert SECRET not in str(run.lines) + str(run.attempts)


def test_a_jwt_is_the_hash_over_key_secret_and_time(bench, gateway):
    call(bench, gateway, "APP_JWT")
    [seen] = gateway.seen
    timestamp = seen.headers["Timestamp"]
    assert seen.headers["Authorization"] == hashlib.sha256(f"{KEY}{SECRET}{timestamp}".encode()).hexdigest()


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"params": [{"name": "b", "value": "2"}, {"name": "a", "value": "x y+z"}, {"name": "a", "value": "1"}]},
        {"headers": {"X-Stage": "RELEASE", "X-Name": "名", "X_Odd": "1"}},
        {"method": "POST", "body": {"type": "JSON", "content": {"名": "值"}}},
        {"method": "PUT", "body": {"type": "XML", "content": "<a>1</a>"}},
        {"method": "PATCH", "body": {"type": "TEXT", "content": "a"}, "headers": {"Content-Type": "application/text"}},
        {"headers": {"Host": "group.example.com"}},
    ],
)
def test_a_signature_covers_what_arrives(bench, gateway, config):
    call(bench, gateway, "APP_SIGN", **config)
    [seen] = gateway.seen
    assert is_signed(seen)
    assert "X-Sdk-Content-Sha256" not in seen.headers
    assert seen.headers["X-HW-ID"] == KEY  # the target is an IP address


@pytest.mark.parametrize("path", ["/run task/中", "/a/../x", "/a%2Fb", "/~x/%7e"])
def test_a_signature_covers_the_path_as_it_travels(bench, gateway, path):
    gateway.replies = {key: {} for key in ("/run%20task/%E4%B8%AD", "/x", "/a%2Fb", "/~x/%7e", "/~x/%7E", "/~x/~")}
    call(bench, gateway, "APP_SIGN", url=gateway.url + path)
    assert is_signed(gateway.seen[0])


def test_parameters_keep_their_order_and_repeats_and_blanks_travel_as_20(bench, gateway):
    rows = [{"name": "b", "value": "x y"}, {"name": "a", "value": "2"}, {"name": "b", "value": "1"}]
    call(bench, gateway, "APP_SIGN", params=rows)
    assert gateway.seen[0].path == "/x?b=x%20y&a=2&b=1"


@pytest.mark.parametrize("kind", APP_KINDS)
def test_an_answer_that_repeats_the_request_tells_no_secret(bench, gateway, kind):
    def echo(seen):
        proof = " ".join(seen.headers.get(name, "") for name in ("Authorization", "X-HW-AppKey", "X-Apig-AppCode"))
        secrets.append(proof.strip())
        return Reply(b"." * (4096 - 10) + proof.encode() + " 中".encode() * 3000)

    secrets = []
    gateway.replies["/x"] = echo
    run = call(bench, gateway, kind, keepAttempts=True)
    told = str(run.lines) + str(run.attempts)
    assert SECRET not in told
    assert CODE not in told
    assert not secrets[0] or secrets[0].rstrip("=").rpartition("=")[2][:9] not in run.attempts[0]["head"]
    assert len(run.attempts[0]["head"].encode()) <= 4096


def test_configured_headers_do_not_take_the_place_of_credentials(bench, gateway):
    headers = {"X-HW-ID": "other", "x-hw-appkey": "other", "Authorization": "other"}
    call(bench, gateway, "APP_SECRET", headers=headers)
    [seen] = gateway.seen
    assert (seen.headers["X-HW-ID"], seen.headers["X-HW-AppKey"]) == (KEY, SECRET)
    assert "Authorization" not in seen.headers


def test_each_retry_is_signed_anew_and_every_attempt_is_kept(bench, gateway, monkeypatch):
    times = iter((1_767_323_045_000, 1_767_323_050_000, 1_767_323_065_000))
    monkeypatch.setattr("fdl_trigger.nodes.api_request.system_clock", lambda: next(times))
    answers = iter((Reply(b"no", 503), Reply(b"x" * 5000, 404), Reply(b"y" * 5000)))
    gateway.replies["/x"] = lambda seen: next(answers)
    run = call(bench, gateway, "APP_SIGN", retries=3, keepAttempts=True)
    assert [seen.headers["X-Sdk-Date"] for seen in gateway.seen] == [
        "20260102T030405Z",
        "20260102T030410Z",
        "20260102T030425Z",
    ]
    assert all(is_signed(seen) for seen in gateway.seen)
    assert run.now == 20  # 5 s, then 15 s
    assert [(one["n"], one["status"], len(one["head"])) for one in run.attempts] == [
        (1, 503, 2),
        (2, 404, 4096),
        (3, 200, 4096),
    ]
    assert "answered 503" in run.attempts[0]["error"]
    assert run.attempts[2]["error"] is None
    assert all(one["finishTime"] >= one["startTime"] for one in run.attempts)


def test_a_call_gives_up_after_its_retries(bench, gateway):
    gateway.replies["/x"] = Reply(b"no", 500)
    context = bench.context()
    config = {"url": gateway.url + "/x", "retries": 2, "keepAttempts": True}
    with pytest.raises(NodeError, match="answered 500"):
        bench.run_node("HTTP_CALL", config, context)
    assert (len(gateway.seen), len(context.attempts)) == (3, 3)


def test_a_call_drops_its_retries_once_its_schedule_is_paused(bench, gateway):
    gateway.replies["/x"] = Reply(b"no", 500)
    context = bench.context()
    context.wanted = False
    with pytest.raises(NodeError, match="answered 500"):
        bench.run_node("HTTP_CALL", {"url": gateway.url + "/x", "retries": 3, "keepAttempts": True}, context)
    assert (len(gateway.seen), len(context.attempts)) == (1, 1)


def test_an_attempt_without_an_answer_is_kept_too(bench, gateway):
    context = bench.context()
    with pytest.raises(NodeError, match="no connection"):
        bench.run_node("HTTP_CALL", {"url": "http://127.0.0.1:1/", "keepAttempts": True}, context)
    [attempt] = context.attempts
    assert (attempt["status"], attempt["head"]) == (None, "")
    assert "no connection" in attempt["error"]


def test_a_signed_call_follows_no_redirect(bench, gateway):
    gateway.replies["/x"] = Reply(b"", 302, {"Location": "/y"})
    with pytest.raises(NodeError, match="answered 302"):
        call(bench, gateway, "APP_SIGN")
    assert [seen.path for seen in gateway.seen] == ["/x"]


def test_a_call_can_be_told_to_follow_no_redirect(bench, gateway):
    gateway.replies["/x"] = Reply(b"", 302, {"Location": "/y"})
    with pytest.raises(NodeError, match="answered 302"):
        call(bench, gateway, "NONE", followRedirects=False)
    assert [seen.path for seen in gateway.seen] == ["/x"]


def test_an_application_without_a_code_cannot_call_by_it(bench, gateway):
    settings = {"application": {"key": KEY, "secret": SECRET}}
    bench.connections["gateway"] = Connection("gateway", "api", settings)
    with pytest.raises(BuildError, match="no code"):
        call(bench, gateway, "APP_CODE")


def test_a_call_needs_a_connection_with_an_application(bench, gateway):
    bench.connections["gateway"] = Connection("gateway", "api", {})
    with pytest.raises(BuildError, match="needs a connection with an application"):
        call(bench, gateway, "APP_SIGN")


def test_a_connection_that_proves_an_application_holds_one():
    with pytest.raises(ValidationError, match="APP_SIGN needs it"):
        load_settings("api", {"authorization": {"type": "APP_SIGN"}})


@pytest.mark.parametrize("bad", [{"key": "a\nb", "secret": "s"}, {"key": "", "secret": "s"}, {"key": "k"}])
def test_keys_and_secrets_are_visible_text(bad):
    with pytest.raises(ValidationError):
        load_settings("api", {"application": bad})


@pytest.mark.parametrize("retries", [-1, 4, 1.5, True])
def test_there_are_0_to_3_retries(retries):
    with pytest.raises(ValidationError):
        NODE_TYPES["HTTP_CALL"].schema().load({"url": "http://a", "retries": retries})
