"""What a source writes into the run log, and the secrets it keeps to itself (finedatalink-tasks.md section 13)."""

import re
import traceback

import pytest
from api_server import Reply

from fdl_trigger.domain.records import Connection
from fdl_trigger.domain.states import Level
from fdl_trigger.nodes.errors import NodeError
from fdl_trigger.nodes.masking import Masker, names_a_secret

AUTO = {"mode": "AUTO_CREATE"}


@pytest.fixture
def lines(api, bench):
    """Run a source and return what was logged at INFO."""
    api.replies.setdefault("/rows", [{"id": 1}, {"id": 2}])

    def lines(**source):
        context = bench.context()
        bench.run({"url": api.url + "/rows", **source}, target=AUTO, context=context)
        return context.logged(Level.INFO)

    return lines


def test_every_request_is_a_line(lines, api):
    [request, *_] = lines(params={"day": "2026-01-01"})
    assert re.fullmatch(re.escape(f"GET {api.url}/rows?day=2026-01-01: 200, ") + r"\d+ ms, 22 bytes, 2 rows", request)


def test_a_refused_request_is_a_line_too(api, bench):
    api.replies["/rows"] = Reply(b"no", 403)
    context = bench.context()
    with pytest.raises(NodeError):
        bench.run({"url": api.url + "/rows"}, target=AUTO, context=context)
    assert re.search(r"/rows: 403, \d+ ms, 2 bytes$", context.logged(Level.INFO)[0])


def test_bodies_are_logged_and_cut(lines, api):
    api.replies["/rows"] = [{"a": "x" * 5000}]
    logged = lines(method="POST", body={"type": "TEXT", "content": "y" * 5000})
    assert "request body: " + "y" * 2000 in logged
    assert 'response body: [{"a": "' + "x" * 1992 in logged


SECRET = "s3cr3t-värde/+"


@pytest.mark.parametrize(
    "source",
    [
        {"authorization": {"type": "BEARER", "token": SECRET}},
        {"authorization": {"type": "BASIC", "user": "u", "password": SECRET}},
        {"authorization": {"type": "RAW", "value": SECRET}},
        {"params": {"access_token": SECRET}},
        {"params": {"sign": SECRET}},
        {"headers": {"X-Api-Key": SECRET}},
        {"connection": "crm"},
    ],
)
@pytest.mark.parametrize("status", [200, 500])
def test_a_secret_appears_in_no_line_and_no_error_even_if_the_api_repeats_it(api, bench, source, status):
    bench.connections["crm"] = Connection("crm", "api", {"authorization": {"type": "BEARER", "token": SECRET}})
    api.replies["/rows"] = lambda seen: Reply([{"seen": f"{seen.path} {seen.headers} {SECRET}"}], status)
    context = bench.context()
    message = ""
    try:
        bench.run({"url": api.url + "/rows", **source}, target=AUTO, context=context)
    except NodeError as error:
        message = str(error)
    told = "\n".join([message, *(text for _, text in context.lines)])
    assert SECRET not in told
    assert "s3cr3t" not in told
    assert "***" in told


def test_a_password_in_the_address_is_not_told(bench):
    with pytest.raises(NodeError) as caught:
        bench.run({"url": "http://me:hidden-word@127.0.0.1:1/x?api_key=k123"}, target=AUTO)
    assert "hidden-word" not in str(caught.value)
    assert "k123" not in str(caught.value)


def test_secret_looking_members_of_bodies_are_masked(lines, api):
    api.replies["/rows"] = [{"access_token": "abc123", "expires": 5, "password": 77, "name": "n"}]
    body = {"type": "FORM_URLENCODED", "fields": {"user": "me", "password": "pw-9"}}
    logged = "\n".join(lines(method="POST", body=body))
    assert "abc123" not in logged
    assert "77" not in logged.partition("response body")[2]
    assert "pw-9" not in logged
    assert "user=me" in logged
    assert '"name": "n"' in logged


@pytest.mark.parametrize("name", ["token", "X-API-KEY", "client_secret", "Passwort", "sign", "Authorization", "Cookie"])
def test_these_names_announce_a_secret(name):
    assert names_a_secret(name)


def test_longer_secrets_are_masked_before_the_shorter_ones_they_hold():
    assert Masker(["abc", "abcdef"]).text("x abcdef abc y ab") == "x *** *** y ab"


def test_no_traceback_of_a_failure_tells_a_secret(bench):
    bench.params = {"given": SECRET}
    try:
        bench.run({"url": "http://127.0.0.1:1/x?token=${given}"}, target=AUTO)
    except NodeError:
        assert "s3cr3t" not in traceback.format_exc()
    else:
        pytest.fail("port 1 answered")
