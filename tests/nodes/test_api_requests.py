"""How a source's settings become a request on the wire (finedatalink-tasks.md section 5)."""

import base64
import json

import pytest
from api_server import Reply

from fdl_trigger.domain.records import Connection
from fdl_trigger.nodes.api_request import RequestBuilder
from fdl_trigger.nodes.errors import BuildError, NodeError
from fdl_trigger.nodes.source_settings import ApiSettings

AUTO = {"mode": "AUTO_CREATE"}


@pytest.fixture
def send(api, bench):
    """Run a source against an API that always answers one row; return the request it saw."""
    api.replies["/rows"] = [{"id": 1}]

    def send(path="/rows", **source):
        bench.run({"url": api.url + path, **source}, target=AUTO)
        return api.seen[-1]

    return send


def test_get_is_the_default_method(send):
    assert send().method == "GET"


def test_params_are_appended_and_a_blank_is_a_blank(send):
    seen = send("/rows?fixed=1", params=[{"name": "q", "value": "a b+c&d"}, {"name": "城", "value": 5}])
    assert seen.path == "/rows?fixed=1&q=a%20b%2Bc%26d&%E5%9F%8E=5"


def test_a_blank_in_the_url_is_encoded_and_its_fragment_is_not_sent(send):
    assert send("/rows?x=a b#part", params={"y": "2"}).path == "/rows?x=a%20b&y=2"


def test_parameters_are_replaced_in_every_part_of_a_request(send, bench):
    bench.params = {"day": "2026-01-02", "who": "me", "part": "rows"}
    seen = send(
        "/${part}",
        method="POST",
        params={"day": "${day}"},
        headers={"X-Who": "${who}"},
        authorization={"type": "RAW", "value": "Token ${who}"},
        body={"type": "TEXT", "content": "on ${day}"},
    )
    assert seen.path == "/rows?day=2026-01-02"
    assert (seen.headers["X-Who"], seen.headers["Authorization"], seen.body) == ("me", "Token me", b"on 2026-01-02")


def test_header_rows_are_sent_in_utf8(send):
    headers = send(headers=[{"name": "X-A", "value": "1"}, {"name": "X-City", "value": "上海"}]).headers
    assert headers["X-A"] == "1"
    assert headers["X-City"].encode("latin-1").decode() == "上海"


@pytest.mark.parametrize(
    ("authorization", "header"),
    [
        ({"type": "NONE"}, None),
        ({"type": "BEARER", "token": "t-1"}, "Bearer t-1"),
        ({"type": "BASIC", "user": "u", "password": "p:ä"}, "Basic " + base64.b64encode("u:p:ä".encode()).decode()),
        ({"type": "RAW", "value": "Signature a=b"}, "Signature a=b"),
    ],
)
def test_every_authorization_sets_its_header(send, authorization, header):
    assert send(authorization=authorization).headers.get("Authorization") == header


def test_user_and_password_in_the_address_become_basic_authorization(api, bench):
    api.replies["/rows"] = [{"id": 1}]
    bench.run({"url": api.url.replace("://", "://me:s%20x@") + "/rows"}, target=AUTO)
    assert api.seen[-1].headers["Authorization"] == "Basic " + base64.b64encode(b"me:s x").decode()


def test_a_named_connection_supplies_authorization_and_headers(send, bench):
    settings = {
        "authorization": {"type": "BEARER", "token": "hidden"},
        "headers": [{"name": "X-Key", "value": "${no}"}],
    }
    bench.connections["crm"] = Connection("crm", "api", settings)
    headers = send(connection="crm").headers
    assert (headers["Authorization"], headers["X-Key"]) == ("Bearer hidden", "${no}")


def test_the_node_wins_over_its_connection(send, bench):
    settings = {"authorization": {"type": "BEARER", "token": "hidden"}, "headers": {"X-A": "theirs"}}
    bench.connections["crm"] = Connection("crm", "api", settings)
    headers = send(connection="crm", headers={"x-a": "ours"}, authorization={"type": "RAW", "value": "own"}).headers
    assert (headers["Authorization"], headers["x-a"], "X-A" in headers) == ("own", "ours", False)


def test_a_connection_of_another_kind_is_a_build_error(send):
    with pytest.raises(BuildError, match="needs api"):
        send(connection="warehouse")


@pytest.mark.parametrize(
    ("body", "content_type", "sent"),
    [
        ({"type": "JSON", "content": '{"a": "王"}'}, "application/json", '{"a": "王"}'),
        ({"type": "JSON", "content": {"a": 1}}, "application/json", '{"a": 1}'),
        ({"type": "XML", "content": "<a/>"}, "application/xml", "<a/>"),
        ({"type": "TEXT", "content": "hello"}, "text/plain", "hello"),
        (
            {"type": "FORM_URLENCODED", "fields": {"a": "1 2", "b": "&"}},
            "application/x-www-form-urlencoded",
            "a=1%202&b=%26",
        ),
    ],
)
def test_every_body_kind_has_its_content_type(send, body, content_type, sent):
    seen = send(method="POST", body=body)
    assert (seen.method, seen.headers["Content-Type"], seen.body.decode()) == ("POST", content_type, sent)


def test_form_data_is_sent_as_multipart(send):
    seen = send(method="POST", body={"type": "FORM_DATA", "fields": [{"name": "a", "value": "王"}]})
    boundary = seen.headers["Content-Type"].removeprefix("multipart/form-data; boundary=")
    assert seen.body.startswith(f"--{boundary}\r\n".encode())
    assert 'name="a"\r\n\r\n王\r\n'.encode() in seen.body


def test_a_content_type_of_ones_own_wins(send):
    seen = send(method="POST", headers={"content-type": "text/xml"}, body={"type": "XML", "content": "<a/>"})
    assert [value for name, value in seen.headers.items() if name.lower() == "content-type"] == ["text/xml"]


def test_fdltimeout_is_not_sent(send):
    assert "FDLTimeout" not in send(headers={"FDLTimeout": "30"}).headers


def test_fdltimeout_is_case_sensitive(send):
    assert send(headers={"fdltimeout": "x"}).headers["fdltimeout"] == "x"


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "soon", ""])
def test_an_fdltimeout_that_is_no_positive_whole_number_is_a_build_error(send, bench, api, value):
    bench.params = {"seconds": value}
    with pytest.raises(BuildError, match="FDLTimeout"):
        send(headers={"FDLTimeout": "${seconds}"})
    assert api.seen == []


def test_a_line_break_from_a_parameter_does_not_get_into_a_header(send, bench, api):
    bench.params = {"x": "1\r\nX-Evil: 1"}
    with pytest.raises(BuildError, match="line break"):
        send(headers={"X-A": "${x}"})
    assert api.seen == []


def test_an_unknown_parameter_is_a_node_error(send):
    with pytest.raises(NodeError, match="nobody"):
        send(params={"a": "${nobody}"})


@pytest.mark.parametrize("scheme", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x"])
def test_only_http_and_https_addresses_are_fetched(bench, scheme):
    bench.params = {"address": scheme}
    with pytest.raises(NodeError, match="only http and https"):
        bench.run({"url": "${address}"}, target=AUTO)


def test_a_get_follows_redirects(api, bench):
    api.replies["/a"] = Reply(status=302, headers={"Location": "/b?x=1"})
    api.replies["/b"] = [{"id": 1}]
    assert bench.run({"url": api.url + "/a"}, target=AUTO).inserted == 1


def test_a_post_does_not_follow_redirects(api, bench):
    api.replies["/a"] = Reply(status=302, headers={"Location": "/b"})
    with pytest.raises(NodeError, match="302"):
        bench.run({"url": api.url + "/a", "method": "POST"}, target=AUTO)
    assert [seen.path for seen in api.seen] == ["/a"]


def test_after_five_redirects_it_is_enough(api, bench):
    api.replies["/a"] = Reply(status=302, headers={"Location": "/a"})
    with pytest.raises(NodeError, match="more than 5 redirects"):
        bench.run({"url": api.url + "/a"}, target=AUTO)
    assert len(api.seen) == 6


def test_credentials_do_not_follow_a_redirect_to_another_origin(api, other_api, bench):
    api.replies["/a"] = Reply(status=307, headers={"Location": other_api.url + "/b"})
    other_api.replies["/b"] = [{"id": 1}]
    headers = {"X-Api-Key": "k-1", "X-Plain": "1"}
    bench.run(
        {"url": api.url + "/a", "headers": headers, "authorization": {"type": "BEARER", "token": "t"}}, target=AUTO
    )
    assert "Authorization" in api.seen[0].headers
    assert {"Authorization", "X-Api-Key"} & other_api.seen[0].headers.keys() == set()
    assert other_api.seen[0].headers["X-Plain"] == "1"


def test_credentials_follow_a_redirect_within_the_origin(api, bench):
    api.replies["/a"] = Reply(status=302, headers={"Location": "/b"})
    api.replies["/b"] = [{"id": 1}]
    bench.run({"url": api.url + "/a", "authorization": {"type": "BEARER", "token": "t"}}, target=AUTO)
    assert api.seen[1].headers["Authorization"] == "Bearer t"


def test_a_redirect_to_another_scheme_is_refused(api, bench):
    api.replies["/a"] = Reply(status=302, headers={"Location": "file:///etc/passwd"})
    with pytest.raises(NodeError, match="only http and https"):
        bench.run({"url": api.url + "/a"}, target=AUTO)


@pytest.mark.parametrize(("encoding", "charset"), [("GBK", None), (None, "gbk"), ("UTF-16", None)])
def test_answers_in_other_encodings_are_read(api, bench, encoding, charset):
    content = json.dumps([{"name": "北京"}], ensure_ascii=False).encode((encoding or charset or "").lower())
    content_type = "application/json" + (f"; charset={charset}" if charset else "")
    api.replies["/rows"] = Reply(content, headers={"Content-Type": content_type})
    bench.run({"url": api.url + "/rows", "encoding": encoding}, target=AUTO)
    assert bench.execute("SELECT name FROM t") == [("北京",)]


def test_xml_is_passed_on_unparsed_when_nothing_is_to_be_expanded(api, bench):
    api.replies["/rows"] = Reply(b"<a>1</a>", headers={"Content-Type": "text/xml"})
    bench.run({"url": api.url + "/rows", "expand": False}, target=AUTO)
    assert bench.execute("SELECT responseBody FROM t") == [("<a>1</a>",)]


def test_calls_wait_for_their_turn_in_a_sliding_window(api, bench):
    times = []
    context = bench.context()
    api.replies["/rows"] = lambda seen: times.append(context.now) or [{"id": 1}]
    source = {
        "url": api.url + "/rows",
        "frequency": {"maxCalls": 2, "periodSeconds": 10},
        "pagination": {
            "mode": "PAGE_NUMBER",
            "end": {"conditions": [{"type": "REQUEST_TIMES", "operator": ">=", "value": 5}]},
        },
    }
    bench.run(source, target=AUTO, context=context)
    assert times == [0, 0, 10, 10, 20]


def test_no_rows_is_a_success_unless_failing_was_asked_for(api, bench):
    api.replies["/rows"] = []
    assert bench.run({"url": api.url + "/rows"}, target=AUTO).read == 0
    with pytest.raises(NodeError, match="no rows"):
        bench.run({"url": api.url + "/rows", "failOnEmpty": True}, target=AUTO)


def test_no_content_is_no_rows(api, bench):
    api.replies["/rows"] = Reply(status=204)
    assert bench.run({"url": api.url + "/rows"}, target=AUTO).read == 0


def test_a_connection_that_cannot_be_read_is_a_build_error_without_its_secrets(send, bench):
    bench.connections["crm"] = Connection("crm", "api", {"authorization": {"type": "OAUTH", "token": "hidden"}})
    with pytest.raises(BuildError, match="connection 'crm' cannot be read") as caught:
        send(connection="crm")
    assert "hidden" not in str(caught.value)


def test_the_time_limit_is_ten_seconds_unless_fdltimeout_says_otherwise(bench):
    def limit(**source):
        return RequestBuilder(ApiSettings("http://x/", **source), bench.context()).build({}).timeout_s

    assert limit() == 10
    assert limit(headers=(("FDLTimeout", " 45 "),)) == 45
