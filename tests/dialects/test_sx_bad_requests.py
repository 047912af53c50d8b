"""Requests that SchedulerX callers should not send: answered in their own form, never by a 5xx."""

import random
from urllib.parse import urlencode

import pytest
from sx_service import FORM, NAMES, Service

from fdl_trigger.dialects.schedulerx.errors import ERRORS, wire_error
from fdl_trigger.domain.errors import error_codes


def signed(schedulerx: Service, method="GET", **changes) -> dict[str, str]:
    return schedulerx.signed("ExecuteJob", {**NAMES, "JobId": str(schedulerx.task.id)}, method, **changes)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"Action": ""}, 400, "MissingAction"),
        ({"Version": ""}, 400, "MissingVersion"),
        ({"Version": "2016-01-01"}, 400, "InvalidVersion"),
        ({"Action": "executejob"}, 404, "InvalidAction.NotFound"),
        ({"Action": "ExecuteJob "}, 200, 200),
        ({"AccessKeyId": ""}, 400, "MissingAccessKeyId"),
        ({"AccessKeyId": "nobody"}, 404, "InvalidAccessKeyId.NotFound"),
        ({"SignatureNonce": ""}, 400, "MissingSignatureNonce"),
        ({"Timestamp": ""}, 400, "MissingTimestamp"),
        ({"Timestamp": "now"}, 400, "InvalidTimeStamp.Format"),
        ({"Timestamp": "2016-02-23T12:46:24Z"}, 400, "InvalidTimeStamp.Expired"),
        ({"SignatureMethod": "HMAC-MD5"}, 400, "InvalidSignatureMethod"),
        ({"Secret": "wrong"}, 400, "SignatureDoesNotMatch"),
        ({"Format": "YAML"}, 400, "InvalidParameter.Format"),
        ({"JobId": ""}, 400, "MissingJobId"),
        ({"Namespace": ""}, 400, "MissingNamespace"),
        ({"GroupId": ""}, 400, "MissingGroupId"),
        ({"JobId": "first"}, 400, "InvalidJobId"),
        ({"JobId": "1.5"}, 400, "InvalidJobId"),
        ({"JobId": "-1"}, 400, "InvalidJobId"),
        ({"JobId": "１"}, 400, "InvalidJobId"),
        ({"JobId": str(2**53 + 1)}, 200, 404),
        ({"JobId": str(2**63 - 1)}, 200, 404),
        ({"JobId": str(2**63)}, 400, "InvalidJobId"),
        ({"JobId": "9" * 5000}, 400, "InvalidJobId"),
        ({"CheckJobStatus": "maybe"}, 400, "InvalidCheckJobStatus"),
        ({"InstanceParameters": "a\0b"}, 400, "InvalidParameter"),
        ({"Unknown": "x"}, 200, 200),
    ],
)
def test_what_is_wrong_is_named(schedulerx: Service, change, status, code) -> None:
    for method in ("GET", "POST"):
        answer = schedulerx.send(signed(schedulerx, method, **change), method, headers={"Accept": "application/json"})
        assert (answer.status, answer.code) == (status, code), answer.text


@pytest.mark.parametrize("missing", ["Signature", "all"])
def test_unsigned_parameters_run_nothing(schedulerx: Service, missing) -> None:
    parameters = signed(schedulerx)
    if missing == "all":
        parameters = {"Action": "ExecuteJob", "Version": "2019-04-30", **NAMES, "JobId": "1"}
    parameters.pop("Signature", None)
    answer = schedulerx.send(parameters)
    assert answer.code == ("MissingSignature" if missing == "Signature" else "MissingAccessKeyId")
    assert schedulerx.call("GetJobInstanceList", JobId=schedulerx.task.id).data == {"JobInstanceDetails": []}


def test_a_parameter_may_not_come_twice(schedulerx: Service) -> None:
    text = urlencode(signed(schedulerx))
    assert schedulerx.open("/", "GET", query_string=f"{text}&JobId=1").code == "InvalidParameter"
    post = urlencode(signed(schedulerx, "POST"))
    request = {"query_string": "JobId=1", "data": post, "content_type": FORM}
    assert schedulerx.open("/", "POST", **request).code == "InvalidParameter"


def test_parameters_of_query_and_body_count_together(schedulerx: Service) -> None:
    every = signed(schedulerx, "POST")
    body = {name: every.pop(name) for name in ("JobId", "GroupId")}
    answer = schedulerx.open("/", "POST", query_string=every, data=urlencode(body), content_type=FORM)
    assert answer.code == 200


def test_a_signed_parameter_that_is_changed_is_refused(schedulerx: Service) -> None:
    assert schedulerx.send({**signed(schedulerx), "JobId": "2"}).code == "SignatureDoesNotMatch"
    assert schedulerx.send({**signed(schedulerx), "Extra": "x"}).code == "SignatureDoesNotMatch"


def test_the_format_that_an_older_sdk_sends_is_tolerated(schedulerx: Service) -> None:
    answer = schedulerx.send(signed(schedulerx, Format="None"))
    assert (answer.code, answer.text[:5]) == (200, "<?xml")
    answer = schedulerx.send(signed(schedulerx, Format=""), headers={"Accept": "application/json"})
    assert (answer.code, answer.text[:1]) == (200, "{")


def test_a_nonce_counts_once_whatever_it_signs(schedulerx: Service) -> None:
    first = signed(schedulerx, SignatureNonce="once")
    assert schedulerx.send(first).code == 200
    assert schedulerx.send(first).code == "SignatureNonceUsed"
    assert schedulerx.send(signed(schedulerx, SignatureNonce="once", Worker="w")).code == "SignatureNonceUsed"
    schedulerx.clock.now += 20 * 60_000
    assert schedulerx.send(signed(schedulerx, SignatureNonce="once")).code == "SignatureNonceUsed"
    schedulerx.clock.now += 20 * 60_000
    assert schedulerx.send(signed(schedulerx, SignatureNonce="once")).code == 200


def test_a_wrong_signature_does_not_use_the_nonce_up(schedulerx: Service) -> None:
    wrong = signed(schedulerx, SignatureNonce="mine", Secret="wrong")
    assert schedulerx.send(wrong).code == "SignatureDoesNotMatch"
    assert schedulerx.send(signed(schedulerx, SignatureNonce="mine")).code == 200


def test_a_used_nonce_is_known_after_a_restart(build_schedulerx, tmp_path) -> None:
    before = build_schedulerx(store=tmp_path / "one.db")
    used = signed(before, SignatureNonce="once")
    assert before.send(used).code == 200
    before.runtime.stop()
    before.runtime.start()
    assert before.send(used).code == "SignatureNonceUsed"


def test_acs3_refuses_a_body_with_another_hash_and_headers_that_are_not_signed(schedulerx: Service) -> None:
    job = {"JobId": str(schedulerx.task.id)}
    request = schedulerx.acs3_request("ExecuteJob", "POST", job)
    assert schedulerx.open("/", "POST", **{**request, "data": b"JobId=2"}).code == "SignatureDoesNotMatch"
    request = schedulerx.acs3_request("ExecuteJob", **job)
    headers = dict(request["headers"])
    headers["Authorization"] = headers["Authorization"].replace("x-acs-action;", "")
    assert schedulerx.open("/", "GET", **{**request, "headers": headers}).code == "IncompleteSignature"
    headers = {**request["headers"], "x-acs-action": "StopInstance"}
    assert schedulerx.open("/", "GET", **{**request, "headers": headers}).code == "SignatureDoesNotMatch"
    headers = {name: value for name, value in request["headers"].items() if name != "x-acs-action"}
    assert schedulerx.open("/", "GET", **{**request, "headers": headers}).code == "MissingAction"
    assert schedulerx.open("/", "GET", **request).code == 200
    assert schedulerx.open("/", "GET", **request).code == "SignatureNonceUsed"


def test_acs3_does_not_believe_the_parameters_of_the_other_scheme(schedulerx: Service) -> None:
    answer = schedulerx.acs3("GetJobInfo", JobId=schedulerx.task.id, Action="DeleteJob", AccessKeyId="x")
    assert "JobConfigInfo" in answer.data


def test_temporary_credentials_are_taken_by_any_token_or_only_by_the_one_set(build_schedulerx) -> None:
    free = build_schedulerx()
    assert free.send(signed(free, SecurityToken="any")).code == 200
    strict = build_schedulerx(schedulerx={"security_token": "the one"})
    assert strict.send(signed(strict)).code == 200
    assert strict.send(signed(strict, SecurityToken="the one")).code == 200
    refused = strict.send(signed(strict, SecurityToken="another"))
    assert (refused.status, refused.code) == (400, "InvalidSecurityToken.MismatchWithAccessKey")


def test_100_kb_of_parameters_are_taken_and_given_back(schedulerx: Service) -> None:
    text = "参数 x" * 25_000
    number = schedulerx.call("ExecuteJob", "POST", JobId=schedulerx.task.id, InstanceParameters=text)
    assert schedulerx.detail(number.data["JobInstanceId"])["Parameters"] == text


def test_a_body_that_is_too_long_is_refused_in_the_callers_form(schedulerx: Service) -> None:
    data = "InstanceParameters=" + "x" * 1_100_000
    answer = schedulerx.open("/?Format=JSON", "POST", data=data, content_type=FORM)
    assert (answer.status, answer.code) == (413, "RequestEntityTooLarge")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused_in_the_callers_form(schedulerx: Service, method) -> None:
    answer = schedulerx.open("/?Format=JSON", method)
    assert (answer.status, answer.code) == (405, "UnsupportedHTTPMethod")


def test_the_endpoint_answers_under_its_prefix_without_redirects(schedulerx: Service) -> None:
    for path in ("/schedulerx/", "/schedulerx"):
        assert schedulerx.send(signed(schedulerx), path=path).code == 200
    answer = schedulerx.send(signed(schedulerx), path="/schedulerx/more")
    assert (answer.status, answer.code) == (404, "InvalidAction.NotFound")


def test_no_more_calls_than_the_rate_allows(build_schedulerx) -> None:
    limited = build_schedulerx(limits={"application_rate": "1/minute"})
    assert limited.send(signed(limited)).code == 200
    answer = limited.send(signed(limited))
    assert (answer.status, answer.code) == (429, "Throttling.User")
    assert int(answer.headers["x-acs-retry-after"]) == int(answer.headers["Retry-After"]) * 1000


def test_page_numbers_and_sizes_have_limits(schedulerx: Service) -> None:
    for name, value in (("PageNum", 0), ("PageSize", 0), ("PageSize", 10**6), ("PageNum", 2**62), ("Status", "x")):
        answer = schedulerx.call("GetJobInstanceList", JobId=schedulerx.task.id, **{name: value})
        assert (answer.status, answer.code) == (400, f"Invalid{name}")


@pytest.mark.parametrize("query", [b"%ff=1", b"Action=%80", b"=", b"&&&", b"Format=JSON&Format=JSON", b"a" * 9000])
def test_a_query_that_cannot_be_read_is_refused(schedulerx: Service, query) -> None:
    for headers in ({}, {"Accept": "application/json"}, {"Authorization": "ACS3-HMAC-SHA256 x"}):
        answer = schedulerx.open("/", "GET", query_string=query.decode("latin-1"), headers=headers)
        assert answer.status == 400


def test_random_requests_are_answered_in_form_and_let_nobody_in(schedulerx: Service) -> None:
    drawn = random.Random(6)
    words = [
        "Action",
        "ExecuteJob",
        "JSON",
        "XML",
        "Format",
        "Signature",
        "JobId",
        "\0",
        "é",
        "%",
        "+",
        "&",
        "=",
        "9" * 40,
    ]
    for _ in range(300):
        parameters = signed(schedulerx)
        for _ in range(drawn.randint(1, 4)):
            parameters[drawn.choice([*parameters, *words])] = "".join(drawn.choices(words, k=drawn.randint(0, 3)))
        answer = schedulerx.send(parameters, drawn.choice(["GET", "POST"]))
        assert answer.code != 200


def test_every_domain_error_has_its_answer() -> None:
    assert set(error_codes()) == set(ERRORS)
    for kind in error_codes().values():
        told = wire_error(kind())
        assert (told.status == 200) == isinstance(told.code, int)
        assert told.code != 200
