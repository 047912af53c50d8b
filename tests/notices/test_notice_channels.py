"""Each channel against a real receiver; the Standard Webhooks library is the judge of signatures."""

import json
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from marshmallow import ValidationError
from notice_receivers import Receiver, certified
from standardwebhooks import Webhook, WebhookVerificationError

from fdl_trigger.domain.records import Connection
from fdl_trigger.nodes.channels import dingtalk, feishu
from fdl_trigger.nodes.channels.base import Message, NotSent
from fdl_trigger.nodes.channels.errand import Errand
from fdl_trigger.nodes.channels.schemas import CHANNEL_SCHEMAS
from fdl_trigger.nodes.channels.sending import CHANNELS, send
from fdl_trigger.nodes.connection_schemas import load_settings
from fdl_trigger.nodes.context import Limits

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
POSTING = ("webhook", "dingtalk", "feishu", "wecom")


def message(subject: str = "orders failed", text: str = "the source refused", **more: Any) -> Message:
    now = round(time.time() * 1000)
    return Message("msg_1", subject, text, more.get("document", {"type": "t", "data": {"a": "ä"}}), now)


def to(receiver: Receiver, kind: str, **settings: Any) -> Connection:
    own = {"secret": SECRET} if kind == "webhook" else {}
    return Connection("ops", kind, {"webhookUrl": receiver.url, "allowLoopback": True, **own, **settings})


def errand(**limits: Any) -> Errand:
    return Errand(Limits(**{"request_timeout_s": 5.0, **limits}))


def test_every_kind_of_channel_has_a_schema():
    assert CHANNELS.keys() == CHANNEL_SCHEMAS.keys()


def test_a_webhook_verifies_with_the_standard_library(receiver):
    assert send(to(receiver, "webhook", headers={"x-team": "data"}), message(), errand()).status == 200
    [posted] = receiver.posted
    assert Webhook(SECRET).verify(posted.body, posted.headers) == {"type": "t", "data": {"a": "ä"}}
    assert (posted.headers["webhook-id"], posted.headers["x-team"]) == ("msg_1", "data")
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(posted.body + b" ", posted.headers)


def test_the_headers_of_a_webhook_connection_cannot_replace_its_signature(receiver):
    send(to(receiver, "webhook", headers={"webhook-id": "msg_2"}), message(), errand())
    assert receiver.posted[0].headers["webhook-id"] == "msg_1"


def test_dingtalk_gets_time_and_signature_in_the_query(receiver):
    send(to(receiver, "dingtalk", secret="SECx", webhookUrl=receiver.url + "?access_token=tok"), message(), errand())
    [posted] = receiver.posted
    query = {name: value for name, [value] in parse_qs(urlsplit(posted.path).query, strict_parsing=True).items()}
    assert query["access_token"] == "tok"
    assert abs(int(query["timestamp"]) - time.time() * 1000) < 60_000
    assert dingtalk.signed_url("u", "SECx", int(query["timestamp"])).endswith(
        urlsplit(posted.path).query.partition("&")[2]
    )
    assert posted.document == {"msgtype": "text", "text": {"content": "orders failed\nthe source refused"}}


def test_dingtalk_signs_as_openssl_does():
    # printf '1599360473000\nSECthis is secret' | openssl dgst -sha256 -hmac 'SECthis is secret' -binary | base64
    signed = dingtalk.signed_url("https://x/send?access_token=t", "SECthis is secret", 1_599_360_473_000)
    assert parse_qs(urlsplit(signed).query)["sign"] == ["34ZfaID44JFjYdnsx63/8kcge+4CqWG8VYyrEnLGCpc="]


def test_feishu_gets_time_and_signature_in_the_body(receiver):
    send(to(receiver, "feishu", secret="s"), message(), errand())
    document = receiver.posted[0].document
    assert document["msg_type"] == "text"
    assert document["content"] == {"text": "orders failed\nthe source refused"}
    assert document["sign"] == feishu.signature("s", int(document["timestamp"]))


def test_feishu_signs_as_openssl_does():
    # an empty message; the key is printf '1599360473\nthis is secret'
    assert feishu.signature("this is secret", 1_599_360_473) == "/eYKrXQBzTjUZJ3s6NX16VxGbTwmK7AEs8/FnvC1CSw="


def test_a_robot_without_a_secret_gets_no_signature(receiver):
    send(to(receiver, "dingtalk"), message(), errand())
    send(to(receiver, "feishu"), message(), errand())
    assert "sign" not in receiver.posted[0].path
    assert "sign" not in receiver.posted[1].document


def test_wecom_gets_at_most_2048_bytes_of_whole_characters(receiver):
    send(to(receiver, "wecom"), message("标题", "文" * 5000), errand())
    content = receiver.posted[0].document["text"]["content"]
    assert content.startswith("标题\n文")
    assert content.endswith("文…")
    assert len(content.encode()) <= 2048


@pytest.mark.parametrize("kind", ["dingtalk", "feishu", "wecom"])
@pytest.mark.parametrize("answer", [{"errcode": 310000, "code": 19021}, {}, [], b"<html>", {"errcode": None}, b"null"])
def test_a_robot_that_does_not_say_zero_has_not_taken_the_message(receiver, kind, answer):
    receiver.answer = answer
    with pytest.raises(NotSent, match="did not take the message") as caught:
        send(to(receiver, kind), message(), errand())
    assert caught.value.status == 200
    assert not caught.value.is_final


def test_older_feishu_robots_answer_otherwise(receiver):
    receiver.answer = {"Extra": None, "StatusCode": 0, "StatusMessage": "success"}
    assert send(to(receiver, "feishu"), message(), errand()).status == 200


@pytest.mark.parametrize("kind", POSTING)
@pytest.mark.parametrize("status", [199 + 101, 400, 404, 429, 500, 503])
def test_any_other_status_than_2xx_is_a_failure(receiver, kind, status):
    receiver.status = status
    with pytest.raises(NotSent, match=f"answered {status}") as caught:
        send(to(receiver, kind), message(), errand())
    assert (caught.value.status, caught.value.is_final) == (status, False)


def test_410_is_final(receiver):
    receiver.status = 410
    with pytest.raises(NotSent) as caught:
        send(to(receiver, "webhook"), message(), errand())
    assert caught.value.is_final


@pytest.mark.parametrize("kind", POSTING)
def test_a_redirect_is_not_followed(receiver, other_receiver, kind):
    receiver.status, receiver.headers = 307, {"Location": other_receiver.url}
    with pytest.raises(NotSent, match="answered 307"):
        send(to(receiver, kind), message(), errand())
    assert other_receiver.posted == []


@pytest.mark.parametrize("kind", POSTING)
def test_a_receiver_that_hangs_is_left_in_time(receiver, kind):
    receiver.hang()
    started = time.monotonic()
    with pytest.raises(NotSent, match=r"within 0\.3 s \(the setting request_timeout_s\)|timed out"):
        send(to(receiver, kind), message(), errand(request_timeout_s=0.3))
    assert time.monotonic() - started < 3


def test_a_receiver_that_drips_is_left_in_time(receiver):
    def drip(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not receiver.release.wait(0.05):
            handler.wfile.write(b"x")

    receiver.misbehave = drip
    started = time.monotonic()
    with pytest.raises(NotSent):
        send(to(receiver, "webhook"), message(), errand(request_timeout_s=0.3))
    assert time.monotonic() - started < 3


def test_an_answer_beyond_the_limit_is_a_failure(receiver):
    receiver.answer = b"x" * 5000
    with pytest.raises(NotSent, match="larger than 1000 bytes"):
        send(to(receiver, "webhook"), message(), errand(max_response_bytes=1000))


def test_a_certificate_nobody_vouches_for_is_refused_unless_the_connection_says_otherwise(receiver, tmp_path):
    receiver.encrypt(certified(tmp_path))
    with pytest.raises(NotSent, match="TLS failed"):
        send(to(receiver, "webhook"), message(), errand())
    assert receiver.posted == []
    assert send(to(receiver, "webhook", verifyTls=False), message(), errand()).status == 200


@pytest.mark.parametrize("kind", POSTING)
def test_this_machine_is_not_reached_unless_the_connection_allows_it(receiver, kind):
    with pytest.raises(NotSent, match="refused"):
        send(to(receiver, kind, allowLoopback=False), message(), errand())
    assert receiver.posted == []


@pytest.mark.parametrize("kind", POSTING)
def test_no_error_tells_the_address_or_the_secret(receiver, kind):
    receiver.status = 500
    receiver.answer = f"no {receiver.url} and {'' if kind == 'wecom' else SECRET}".encode()
    for limits in ({}, {"max_response_bytes": 3}):
        with pytest.raises(NotSent) as caught:
            send(to(receiver, kind, secret=SECRET), message(), errand(**limits))
        assert "0123456789abcdef" not in str(caught.value)
        assert SECRET not in str(caught.value)
        assert "sign=" not in str(caught.value) or "sign=***" in str(caught.value)


@pytest.mark.parametrize("kind", POSTING)
def test_texts_of_any_characters_arrive(receiver, kind):
    text = "数据\ud800 \U0001f525\x00\r\nX-Injected: 1"
    send(to(receiver, kind), message(text, text, document={"text": text}), errand())
    [posted] = receiver.posted
    assert "x-injected" not in posted.headers
    assert "数据" in json.dumps(posted.document, ensure_ascii=False)


@pytest.mark.parametrize(
    ("kind", "settings", "key"),
    [
        ("webhook", {"webhookUrl": "https://x/"}, "secret"),
        ("webhook", {"webhookUrl": "https://x/", "secret": "whsec_c2hvcnQ="}, "secret"),
        ("webhook", {"webhookUrl": "https://x/", "secret": SECRET.removeprefix("whsec_")}, "secret"),
        ("webhook", {"webhookUrl": "https://x/", "secret": SECRET, "headers": {"a": "b\r\nc: d"}}, "headers"),
        ("dingtalk", {"webhookUrl": "ftp://x/"}, "webhookUrl"),
        ("wecom", {}, "webhookUrl"),
        ("feishu", {"webhookUrl": "https://x/\r\nHost: y"}, "webhookUrl"),
        ("smtp", {"sender": "a@x.example", "recipients": ["b@x.example"]}, "host"),
        ("smtp", {"host": "x", "sender": "nobody", "recipients": ["b@x.example"]}, "sender"),
        ("smtp", {"host": "x", "sender": "a@x.example\nBcc: c@x.example", "recipients": ["b@x.example"]}, "sender"),
        ("smtp", {"host": "x", "sender": "a@x.example", "recipients": []}, "recipients"),
        ("smtp", {"host": "x", "sender": "a@x.example", "recipients": ["b@x.example\r\nRCPT TO:<c@x>"]}, "recipients"),
        (
            "smtp",
            {"host": "x", "sender": "a@x.example", "recipients": ["b@x.example"], "user": "u", "security": "none"},
            "security",
        ),
    ],
)
def test_a_mistake_in_the_settings_of_a_channel_is_named_by_its_key(kind, settings, key):
    with pytest.raises(ValidationError) as caught:
        load_settings(kind, settings)
    assert list(caught.value.normalized_messages()) == [key]


def test_a_connection_of_another_kind_is_no_channel():
    with pytest.raises(NotSent, match="is of kind sqlite"):
        send(Connection("db", "sqlite", {"path": "x"}), message(), errand())
