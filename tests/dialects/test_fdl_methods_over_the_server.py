"""Signed calls, proxies and refusals through the real server."""

import json

import pytest
from fdl_platform import EVERYTHING
from test_fdl_over_the_server import post

from fdl_trigger.auth import sm2_engine
from fdl_trigger.auth.proof import Check
from fdl_trigger.config import ServerSettings
from fdl_trigger.dialects.finedatalink.errors import ERRORS
from fdl_trigger.server import Server

PRIVATE = sm2_engine.new_private_key()


@pytest.fixture
def serve():
    servers = []

    def serve(platform):
        server = Server(platform.app, ServerSettings(port=0, threads=2))
        server.start()
        servers.append(server)
        return server.port

    yield serve
    for server in servers:
        server.stop()


def body_of(platform):
    return json.dumps({"workId": platform.task.uid}).encode()


def newest(platform):
    platform.runtime.store.ping()
    return platform.runtime.store.audit.newest(1)[0].entry


def signed(client_id, text, at):
    signature = "{:064x}{:064x}".format(*sm2_engine.sign(PRIVATE, text.encode()))
    return [("client_id", client_id), ("timestamp", str(at)), ("signature", signature)]


def curve(platform, **more):
    public = sm2_engine.public_key_of(PRIVATE)
    return platform.runtime.access.create("curve", method="sm2", public_key=public, grants=EVERYTHING, **more)


def test_an_sm2_signature_reaches_the_application(platform, serve, clock):
    client_id = curve(platform).client_id
    headers = signed(client_id, f"{client_id}{clock.now}", clock.now)
    assert post(serve(platform), headers, body_of(platform))[1]["data"] == []


def test_a_bound_sm2_signature_covers_the_body_that_was_sent(platform, serve, clock):
    client_id, body, port = curve(platform, bound=True).client_id, body_of(platform), serve(platform)
    path = "/webroot/decision/sp/client/api/fdl/workId/records"
    text = f"POST\n{path}\n{clock.now}\n{sm2_engine.sm3(body).hex()}"
    headers = signed(client_id, text, clock.now)
    assert post(port, headers, body)[1]["data"] == []
    status, envelope = post(port, headers, body + b" ")
    assert (status, envelope["errorCode"]) == (401, ERRORS["authentication_failed"].error_code)


def test_a_refusal_is_a_row_with_the_request_id_of_the_answer(platform, serve):
    headers = [("client_id", "somebody"), ("secret", "x"), ("X-Request-Id", "req-7")]
    assert post(serve(platform), headers, body_of(platform))[0] == 401
    entry = newest(platform)
    assert (entry.actor, entry.action, entry.request_id) == ("somebody", "task.list", "req-7")
    assert (entry.reason, entry.address) == (Check.UNKNOWN, "127.0.0.1")


def test_a_task_beyond_the_grants_is_a_row_though_it_looks_missing(platform):
    other = platform.publish("other")
    narrow = platform.runtime.access.create("narrow", grants=[])
    headers = {"client_id": narrow.client_id, "secret": narrow.secret}
    assert platform.call("execute_by_id", {"workId": other.uid}, headers=headers).status == 403
    entry = newest(platform)
    assert (entry.actor, entry.action, entry.reason) == ("narrow", "task.execute", Check.PERMISSION)


def test_too_many_failures_are_answered_with_429_and_retry_after(build):
    platform = build(limits={"failed_logins": "2/hour"})
    wrong = {**platform.credentials, "secret": "wrong"}
    answers = [platform.call("records_by_id", {"workId": platform.task.uid}, headers=wrong) for _ in range(3)]
    assert [answer.status for answer in answers] == [401, 401, 429]
    assert answers[2].error == ERRORS["rate_limited"].error_code
    assert int(answers[2].headers["Retry-After"]) > 0


@pytest.mark.parametrize(("trusted", "address"), [((), "127.0.0.1"), (("127.0.0.0/8",), "192.0.2.9")])
def test_the_address_behind_a_proxy_is_believed_only_from_a_trusted_one(build, serve, trusted, address):
    platform = build(server={"trusted_proxies": trusted})
    headers = [("client_id", "somebody"), ("secret", "x"), ("X-Forwarded-For", "6.6.6.6, 192.0.2.9")]
    post(serve(platform), headers)
    assert newest(platform).address == address


def test_a_user_the_application_may_not_name_is_refused(platform):
    limited = platform.runtime.access.create("limited", grants=EVERYTHING, operators=["alice"])
    headers = {"client_id": limited.client_id, "secret": limited.secret, "decUser": "bob"}
    answer = platform.call("execute_by_id", {"workId": platform.task.uid}, headers=headers)
    assert (answer.status, answer.error) == (401, ERRORS["authentication_failed"].error_code)
