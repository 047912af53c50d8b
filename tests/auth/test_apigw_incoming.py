"""The verified vectors as calls that come in."""

import pytest

from fdl_trigger.auth.apigw import WINDOW_MS, read_claim, verify_claim
from fdl_trigger.auth.proof import Check
from fdl_trigger.domain.applications import Application, ApplicationKey
from fdl_trigger.domain.errors import AuthenticationFailed, CredentialExpired

KEY, SECRET = "fdltrigger0app0key0000000000000001", "fdltrigger0app0secret0000000000001"
SIGNED_AT = 1_767_323_045_000  # 20260102T030405Z
APPLICATION = Application(1, KEY, "a", "aksk", keys=(ApplicationKey("another"), ApplicationKey(SECRET, 7)))
XML = {"CONTENT_TYPE": "application/xml"}
UNSIGNED = {**XML, "HTTP_X_SDK_CONTENT_SHA256": "UNSIGNED-PAYLOAD"}
NAMES = "host;x-sdk-date"
VECTORS = {
    "V1": ("GET", "/api/ping", "", b"", {}, NAMES, "98764ad6c5dfd387d67f4afd6446a4d74423a50943d3559ae85059c172c676c4"),
    "V2": (
        "GET",
        "/api/v1/reports",
        "b=2&a=x%20y&a=1&empty=&z~=a%2Fb%2Bc%3Dd%26e&%E4%B8%AD=%E6%96%87",
        b"",
        {},
        NAMES,
        "1b19192f738e38c455ff82ab27f7f14bf824740b63557bcd7c8d3afc406576b5",
    ),
    "V3": (
        "POST",
        "/api/v1/run task/中",
        "env=prod",
        '{"job":"nightly","n":1,"名":"值"}'.encode(),
        {"CONTENT_TYPE": "application/json", "HTTP_X_STAGE": "RELEASE"},
        f"content-type;{NAMES};x-stage",
        "2531fb21cfff7210904824a4e81617ca75a4371fc2e874f769981ac2e245b92f",
    ),
    "V4": (
        "POST",
        "/api/v1/import",
        "",
        b"<a>1</a>",
        UNSIGNED,
        "content-type;host;x-sdk-content-sha256;x-sdk-date",
        "6b2187596668b205691927cd86ce81b0746b4fc2479a073aa5e8979791714922",
    ),
    "V5": (
        "POST",
        "/api/v1/import",
        "",
        b"<a>1</a>",
        XML,
        f"content-type;{NAMES}",
        "d3a7cdb72502d79bd136948ea671b7a40889cac18c325a97fe82d00e8339e9ff",
    ),
}


def verify(name, now_ms=SIGNED_AT, application=APPLICATION, data=None, **changes):
    method, path, query, body, headers, signed, signature = VECTORS[name]
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": query,
        "HTTP_HOST": "127.0.0.1:18080",
        "HTTP_X_SDK_DATE": "20260102T030405Z",
        "HTTP_AUTHORIZATION": f"SDK-HMAC-SHA256 Access={KEY}, SignedHeaders={signed}, Signature={signature}",
        **headers,
        **changes,
    }
    claim = read_claim(environ)
    return verify_claim(application, claim, environ, lambda: body if data is None else data, now_ms)


@pytest.mark.parametrize("name", VECTORS)
def test_a_signed_call_is_its_applications(name):
    assert verify(name).key_id == 7


@pytest.mark.parametrize("name", VECTORS)
@pytest.mark.parametrize(
    "changes",
    [
        {"REQUEST_METHOD": "PUT"},
        {"PATH_INFO": "/other"},
        {"QUERY_STRING": "x=1"},
        {"HTTP_HOST": "127.0.0.1"},
        {"HTTP_X_SDK_DATE": "20260102T030406Z"},
    ],
)
def test_a_changed_call_is_nobodys(name, changes):
    with pytest.raises(AuthenticationFailed) as caught:
        verify(name, **changes)
    assert caught.value.details["check"] is Check.SIGNATURE


def test_only_an_unsigned_payload_may_change():
    assert verify("V4", data=b"other").key_id == 7
    for name in ("V3", "V5"):
        with pytest.raises(AuthenticationFailed):
            verify(name, data=b"other")


@pytest.mark.parametrize("off_ms", [WINDOW_MS + 1000, -WINDOW_MS - 1000])
def test_the_date_is_at_most_15_minutes_off(off_ms):
    with pytest.raises(CredentialExpired, match="signature expired"):
        verify("V1", now_ms=SIGNED_AT + off_ms)
    assert verify("V1", now_ms=SIGNED_AT + off_ms * 899 // 901).key_id == 7


@pytest.mark.parametrize("date", ["", "20260102T030405", "20261302T030405Z", "2026-01-02T03:04:05Z"])
def test_a_date_of_another_form_is_refused(date):
    with pytest.raises(AuthenticationFailed):
        verify("V1", HTTP_X_SDK_DATE=date)


def test_the_signature_of_an_application_that_counts_once_is_spent():
    once = Application(1, KEY, "a", "digest", keys=(ApplicationKey(SECRET, 7),), once=True)
    assert verify("V1", application=once).sign == VECTORS["V1"][6]
    assert verify("V1").sign == ""


@pytest.mark.parametrize(
    "text",
    [
        "SDK-HMAC-SHA256",
        "SDK-HMAC-SHA256 Access=, SignedHeaders=host, Signature=" + "0" * 64,
        f"SDK-HMAC-SHA256 Access={KEY}, SignedHeaders=host;x-sdk-date, Signature=" + "0" * 63,
        f"SDK-HMAC-SHA256 Access={KEY}, SignedHeaders=HOST, Signature=" + "0" * 64,
        "SDK-HMAC-SHA256 " + "Access=a, " * 10_000,
    ],
)
def test_a_broken_header_is_refused(text):
    with pytest.raises(AuthenticationFailed):
        read_claim({"HTTP_AUTHORIZATION": text})


@pytest.mark.parametrize("signed", ["host", "x-sdk-date", "host;host;x-sdk-date", "host;x-missing;x-sdk-date"])
def test_host_and_date_are_signed_and_every_signed_header_is_there_once(signed):
    header = f"SDK-HMAC-SHA256 Access={KEY}, SignedHeaders={signed}, Signature={'0' * 64}"
    with pytest.raises(AuthenticationFailed):
        verify("V1", HTTP_AUTHORIZATION=header)


def test_other_schemes_are_none_of_ours():
    assert read_claim({"HTTP_AUTHORIZATION": "Bearer x"}) is None
    assert read_claim({}) is None
