"""Alibaba Cloud's two signature schemes against captured and published requests (schedulerx.md sections 2 and 3)."""

import hashlib
from urllib.parse import parse_qsl

import pytest

from fdl_trigger.auth import aliyun, aliyun_acs3, aliyun_rpc
from fdl_trigger.auth.proof import Check
from fdl_trigger.domain.applications import Application, ApplicationKey
from fdl_trigger.domain.errors import AuthenticationFailed, CredentialExpired, InvalidParameter

NOW = 1_795_326_965_000  # 2026-11-22T05:56:05Z
SECRET = "testAccessKeySecret"
EMPTY_HASH = hashlib.sha256(b"").hexdigest()
RPC_QUERY = (
    "JobId=92583&InstanceParameters=a%20b%2Bc%2A~%2F%C3%A9%26%3D%E4%B8%AD&Namespace=ns-1&GroupId=g.default"
    "&CheckJobStatus=True&DesignateType=1&Worker=w%40127.0.0.1%3A222&Version=2019-04-30&Action=ExecuteJob&Format=JSON"
    "&RegionId=cn-hangzhou&Timestamp=2026-11-22T05%3A56%3A05Z&SignatureMethod=HMAC-SHA1&SignatureType="
    "&SignatureVersion=1.0&SignatureNonce=fef003f500d22045b470d3599c97027c&AccessKeyId=testAccessKeyId"
    "&Signature=w4%2Bm5l4KrsR5NCrXBOHCok73RJE%3D"
)
RPC_STRING = (
    "GET&%2F&AccessKeyId%3DtestAccessKeyId%26Action%3DExecuteJob%26CheckJobStatus%3DTrue%26DesignateType%3D1"
    "%26Format%3DJSON%26GroupId%3Dg.default%26InstanceParameters%3Da%2520b%252Bc%252A~%252F%25C3%25A9%2526%253D"
    "%25E4%25B8%25AD%26JobId%3D92583%26Namespace%3Dns-1%26RegionId%3Dcn-hangzhou%26SignatureMethod%3DHMAC-SHA1"
    "%26SignatureNonce%3Dfef003f500d22045b470d3599c97027c%26SignatureType%3D%26SignatureVersion%3D1.0"
    "%26Timestamp%3D2026-11-22T05%253A56%253A05Z%26Version%3D2019-04-30%26Worker%3Dw%2540127.0.0.1%253A222"
)
ACS3_QUERY = (
    "CheckJobStatus=True&DesignateType=1&GroupId=g.default&InstanceParameters=a+b%2Bc%2A~%2F%C3%A9%26%3D%E4%B8%AD"
    "&JobId=92583&Namespace=ns-1&RegionId=cn-hangzhou&Worker=w%40127.0.0.1%3A222"
)
ACS3_HEADERS = {
    "accept": "application/json",
    "host": "127.0.0.1:18899",
    "user-agent": "AlibabaCloud (Linux; x86_64) Python/3.11.7 Core/0.4.3 TeaDSL/2",
    "x-acs-action": "ExecuteJob",
    "x-acs-content-sha256": EMPTY_HASH,
    "x-acs-credentials-provider": "static_ak",
    "x-acs-date": "2026-11-22T05:56:02Z",
    "x-acs-signature-nonce": "3aca82350125e2663dac1664b92e38c5",
    "x-acs-version": "2019-04-30",
}
ACS3_SIGNATURE = "dbff261d7be2fe700778a9c985a460ea83640e5feb3b31d66361cc9d53a91b80"


def application(method="aksk", enabled=True, secret=SECRET) -> Application:
    keys = (ApplicationKey("another", id=1, disabled=True), ApplicationKey(secret, id=2))
    return Application(7, "testAccessKeyId", "app", method, enabled=enabled, keys=keys)


def rpc(method="GET", **changes) -> aliyun.Signed:
    given = dict(parse_qsl(RPC_QUERY, keep_blank_values=True))
    return aliyun_rpc.read(method, {name: value for name, value in {**given, **changes}.items() if value is not None})


def acs3(method="GET", query=ACS3_QUERY, body=b"", signed=None, **changes) -> aliyun.Signed:
    headers = {**ACS3_HEADERS, **{name.replace("_", "-"): value for name, value in changes.items()}}
    names = signed or ";".join(sorted(ACS3_HEADERS))
    headers.setdefault(
        "authorization",
        f"ACS3-HMAC-SHA256 Credential=testAccessKeyId,SignedHeaders={names},Signature={ACS3_SIGNATURE}",
    )
    return aliyun_acs3.read(aliyun_acs3.Request(method, parse_qsl(query, keep_blank_values=True), headers.get, body))


def code_of(error) -> str:
    return str(error.value.details["aliyun"])


def test_the_captured_rpc_request_is_genuine() -> None:
    given = dict(parse_qsl(RPC_QUERY, keep_blank_values=True))
    assert aliyun_rpc.string_to_sign("GET", given) == RPC_STRING
    assert aliyun_rpc.sign(RPC_STRING, SECRET) == "w4+m5l4KrsR5NCrXBOHCok73RJE="
    proof = aliyun.verify(rpc(), application(), NOW)
    assert (proof.key_id, proof.expires_at) == (2, NOW + 30 * 60_000)


def test_the_published_rpc_example_gives_its_signature() -> None:
    parameters = {
        "Format": "XML",
        "Version": "2014-05-26",
        "Action": "DescribeRegions",
        "AccessKeyId": "testid",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        "Timestamp": "2016-02-23T12:46:24Z",
    }
    text = aliyun_rpc.string_to_sign("GET", parameters)
    assert aliyun_rpc.sign(text, "testsecret") == "OLeaidS1JvxuMvnyHOwuJ+uX5qY="


def test_the_captured_acs3_request_is_genuine() -> None:
    assert aliyun.verify(acs3(), application(), NOW).key_id == 2


def test_the_published_acs3_example_gives_its_signature() -> None:
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": EMPTY_HASH,
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    query = [("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"), ("RegionId", "cn-shanghai")]
    request = aliyun_acs3.Request("POST", query, headers.get, b"")
    text = aliyun_acs3.canonical_request(request, tuple(sorted(headers)), EMPTY_HASH)
    signature = aliyun_acs3.sign(aliyun_acs3.string_to_sign(text), "YourAccessKeySecret")
    assert signature == "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"


def test_spaces_after_the_commas_of_authorization_are_tolerated() -> None:
    names = ";".join(sorted(ACS3_HEADERS))
    text = f"ACS3-HMAC-SHA256 Credential=testAccessKeyId, SignedHeaders={names}, Signature={ACS3_SIGNATURE}"
    assert aliyun.verify(acs3(authorization=text), application(), NOW).key_id == 2


@pytest.mark.parametrize(
    "change", [{"JobId": "92584"}, {"CheckJobStatus": "true"}, {"New": "x"}, {"SignatureType": None}, {"Worker": ""}]
)
def test_a_changed_added_or_missing_parameter_breaks_the_rpc_signature(change) -> None:
    with pytest.raises(AuthenticationFailed) as error:
        aliyun.verify(rpc(**change), application(), NOW)
    assert code_of(error) == "SignatureDoesNotMatch"


def test_the_method_is_signed_in_both_schemes() -> None:
    for signed in (rpc("POST"), acs3("POST")):
        with pytest.raises(AuthenticationFailed) as error:
            aliyun.verify(signed, application(), NOW)
        assert code_of(error) == "SignatureDoesNotMatch"


def test_a_wrong_secret_is_told_with_the_servers_string_and_nothing_behind_it() -> None:
    with pytest.raises(AuthenticationFailed) as error:
        aliyun.verify(rpc(), application(secret="wrong"), NOW)
    assert error.value.message.split("string to sign is:")[1] == RPC_STRING
    assert error.value.message.split(":")[1].strip() != ""
    with pytest.raises(AuthenticationFailed, match=":"):
        aliyun.verify(acs3(), application(secret="wrong"), NOW)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"query": ACS3_QUERY + "&x=1"}, "SignatureDoesNotMatch"),
        ({"body": b"x"}, "SignatureDoesNotMatch"),
        ({"host": "127.0.0.1:1"}, "SignatureDoesNotMatch"),
        ({"x_acs_content_sha256": "0" * 64}, "SignatureDoesNotMatch"),
        ({"x_acs_content_sha256": "Ã©"}, "SignatureDoesNotMatch"),
        ({"signed": "accept;host"}, "IncompleteSignature"),
        ({"authorization": "ACS3-HMAC-SHA256 nonsense"}, "IncompleteSignature"),
        ({"authorization": "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=b,Signature=zz"}, "IncompleteSignature"),
        ({"x_acs_security_token": "token"}, "IncompleteSignature"),
    ],
)
def test_what_acs3_does_not_cover_or_differs_is_refused(change, code) -> None:
    with pytest.raises(AuthenticationFailed) as error:
        aliyun.verify(acs3(**change), application(), NOW)
    assert code_of(error) == code


@pytest.mark.parametrize("name", aliyun_acs3.SIGNED_ALWAYS)
def test_the_six_headers_must_be_signed(name) -> None:
    names = ";".join(one for one in sorted(ACS3_HEADERS) if one != name)
    with pytest.raises(AuthenticationFailed) as error:
        acs3(signed=names)
    assert code_of(error) == "IncompleteSignature"


@pytest.mark.parametrize(
    ("header", "code"), [("x_acs_date", "MissingTimestamp"), ("x_acs_signature_nonce", "MissingSignatureNonce")]
)
def test_missing_headers_are_named(header, code) -> None:
    with pytest.raises(InvalidParameter) as error:
        acs3(**{header: None})
    assert code_of(error) == code


@pytest.mark.parametrize("name", ["AccessKeyId", "Signature", "SignatureNonce", "Timestamp"])
def test_missing_parameters_are_named(name) -> None:
    for given in (None, ""):
        with pytest.raises(InvalidParameter) as error:
            rpc(**{name: given})
        assert code_of(error) == f"Missing{name}"
        assert error.value.message == f"{name} is mandatory for this action."


def test_another_signature_method_or_version_is_refused() -> None:
    with pytest.raises(InvalidParameter) as error:
        rpc(SignatureMethod="HMAC-SHA256")
    assert code_of(error) == "InvalidSignatureMethod"
    with pytest.raises(InvalidParameter) as error:
        rpc(SignatureVersion="2.0")
    assert code_of(error) == "InvalidSignatureVersion"


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_signature_counts_for_15_minutes_either_side(minutes) -> None:
    for signed in (rpc(), acs3()):
        with pytest.raises(CredentialExpired) as error:
            aliyun.verify(signed, application(), NOW + minutes * 60_000)
        assert code_of(error) == "InvalidTimeStamp.Expired"
    assert aliyun.verify(rpc(), application(), NOW + 15 * 60_000).key_id == 2
    assert aliyun.verify(rpc(), application(), NOW - 15 * 60_000).key_id == 2


@pytest.mark.parametrize("text", ["2026-11-22 05:56:05", "1795326965000", "2026-11-22T05:56:05+08:00", "x" * 9999])
def test_another_form_of_time_is_refused(text) -> None:
    with pytest.raises(AuthenticationFailed) as error:
        aliyun.verify(rpc(Timestamp=text), application(), NOW)
    assert code_of(error) == "InvalidTimeStamp.Format"


@pytest.mark.parametrize(
    ("who", "code", "check"),
    [
        (None, "InvalidAccessKeyId.NotFound", Check.UNKNOWN),
        (application("digest"), "InvalidAccessKeyId.NotFound", Check.METHOD),
        (application(enabled=False), "InvalidAccessKeyId.Inactive", Check.DISABLED),
        (Application(7, "a", "b", "aksk"), "InvalidAccessKeyId.Inactive", Check.NO_KEY),
    ],
    ids=["unknown", "another method", "disabled", "no key"],
)
def test_unknown_and_disabled_keys_are_told_apart(who, code, check) -> None:
    with pytest.raises(AuthenticationFailed) as error:
        aliyun.verify(rpc(), who, NOW)
    assert (code_of(error), error.value.details["check"]) == (code, check)


def test_the_same_nonce_has_the_same_name_whatever_else_was_signed() -> None:
    nonce = "fef003f500d22045b470d3599c97027c"
    other = {**ACS3_HEADERS, "x-acs-signature-nonce": nonce}
    request = aliyun_acs3.Request("GET", (), other.get, b"")
    names = tuple(sorted(other))
    signature = aliyun_acs3.sign(
        aliyun_acs3.string_to_sign(aliyun_acs3.canonical_request(request, names, EMPTY_HASH)), SECRET
    )
    text = f"ACS3-HMAC-SHA256 Credential=testAccessKeyId,SignedHeaders={';'.join(names)},Signature={signature}"
    signed = acs3(query="", authorization=text, x_acs_signature_nonce=nonce)
    assert aliyun.verify(signed, application(), NOW).sign == aliyun.verify(rpc(), application(), NOW).sign
