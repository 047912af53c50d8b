"""Logging in and out of the platform, the two documented ways."""

import jwt
import pytest
from fdl_people import LOGIN, PASSWORD, SCRIPT, bearer, log_in, module, person, script
from fdl_platform import START

from fdl_trigger.domain.users import Role

LOGOUT = "/webroot/decision/logout"
RIGHT = {"fine_username": "wang", "fine_password": PASSWORD, "validity": "-1"}


@pytest.fixture
def wang(platform):
    return platform.runtime.users.create("wang", PASSWORD, role=Role.OPERATOR, display_name="王五")


def post(platform, **request):
    return platform.app.test_client().post(LOGIN, **request)


def get(platform, path=SCRIPT, query=None, **request):
    return platform.app.test_client().get(path, query_string=query or {}, **request)


def audit(platform):
    platform.runtime.store.ping()
    return [
        (one.entry.action, one.entry.actor, str(one.entry.outcome), one.entry.reason)
        for one in platform.runtime.audit.list()
    ]


@pytest.mark.parametrize("prefix", ["/webroot/decision", "/decision"])
def test_a_post_answers_with_a_token_and_a_cookie(platform, wang, prefix):
    body = {
        "username": "wang",
        "password": PASSWORD,
        "validity": -1,
        "sliderToken": "",
        "origin": "",
        "encrypted": False,
    }
    response = platform.app.test_client().post(f"{prefix}/login", json=body)
    token = response.get_json()["data"]["accessToken"]
    assert (response.status_code, response.get_json()["errorCode"]) == (200, None)
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith(f"fine_auth_token={token};")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 3600
    assert (claims["sub"], claims["description"]) == ("wang", "wang(王五)")
    assert module(platform, "records_by_id", {"workId": platform.task.uid}, headers=bearer(token)).data == []
    assert PASSWORD not in response.text


@pytest.mark.parametrize(
    ("validity", "seconds"), [(-2, 1_209_600), ("-2", 1_209_600), (-1, 3600), ("x", 3600), (None, 3600)]
)
def test_validity_is_fourteen_days_or_the_login_timeout(platform, wang, validity, seconds):
    claims = jwt.decode(log_in(platform, validity=validity), options={"verify_signature": False})
    assert (claims["iat"], claims["exp"] - claims["iat"]) == (START // 1000, seconds)


def test_a_kept_login_has_a_kept_cookie_and_https_a_secure_one(platform, wang):
    body = {"username": "wang", "password": PASSWORD, "validity": "-2"}
    cookie = post(platform, json=body, base_url="https://bi.example.com").headers["Set-Cookie"]
    assert "Max-Age=1209600" in cookie
    assert "; Secure" in cookie


def test_a_page_of_another_origin_gets_no_cookie_from_a_post(platform, wang):
    body = {"username": "wang", "password": PASSWORD}
    response = post(platform, json=body, headers={"Origin": "http://evil.example.com"})
    assert "Set-Cookie" not in response.headers
    assert post(platform, json=body, headers={"Origin": "http://localhost"}).headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"username": "wang", "password": "wrong password"}, "21300007"),
        ({"username": "nobody", "password": PASSWORD}, "21300007"),
        ({"username": "w" * 300_000, "password": "p" * 300_000}, "21300007"),
        ({"username": "wang ' OR 1=1 --", "password": PASSWORD}, "21300007"),
        ({"username": "wang"}, "21300014"),
        ({"username": "wang", "password": ""}, "21300014"),
        ({}, "21300014"),
        ({"username": ["wang"], "password": PASSWORD}, "62400002"),
        ({"username": "wang", "password": 7}, "62400002"),
        ({"username": "wang\0", "password": PASSWORD}, "62400002"),
        ({"username": "wang", "password": PASSWORD, "encrypted": True}, "62400002"),
        ({"username": "wang", "password": PASSWORD, "encrypted": "true"}, "62400002"),
    ],
    ids=range(12),
)
def test_a_post_that_fails_is_told_with_200_and_a_code(platform, wang, body, code):
    response = post(platform, json=body)
    assert (response.status_code, response.get_json()["errorCode"]) == (200, code)
    assert "Set-Cookie" not in response.headers


def test_wrong_user_wrong_password_and_disabled_are_told_alike(platform, wang):
    told = set()
    for name in ("wang", "nobody"):
        told.add(post(platform, json={"username": name, "password": "wrong password"}).text)
    platform.runtime.users.enable("wang", False)
    told.add(post(platform, json={"username": "wang", "password": PASSWORD}).text)
    assert len(told) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe",
        b"{",
        b"[1]",
        b"7",
        b'{"username": "a", "username": "b"}',
        b'{"password": "\\ud800"}',
        b"x" * 100_000,
    ],
)
def test_a_broken_body_is_told(platform, wang, data):
    answer = platform.send("POST", LOGIN, headers={}, data=data)
    assert answer.status in (200, 400)
    assert answer.error.startswith("6240")


def test_a_script_carries_the_token_and_no_password(platform, wang):
    response = get(platform, query=RIGHT)
    name, told = script(response)
    assert (response.status_code, response.content_type) == (200, "application/javascript; charset=utf-8")
    assert (name, told["status"], list(told)) == ("callback", "success", ["accessToken", "url", "status"])
    assert told["url"] == "http://localhost/webroot/decision?fine_username=wang&validity=-1"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "HttpOnly" in response.headers["Set-Cookie"]
    assert "battery" not in response.text
    assert (
        module(platform, "records_by_id", {"workId": platform.task.uid}, headers=bearer(told["accessToken"])).data == []
    )


def test_a_script_that_fails_is_told_in_the_same_wrapper(platform, wang):
    for query, code in [
        ({**RIGHT, "fine_password": "wrong password"}, "21300007"),
        ({"fine_username": "wang"}, "21300014"),
        ({}, "21300014"),
        ({**RIGHT, "encrypted": "true"}, "62400002"),
        ({**RIGHT, "fine_username": ["a", "b"]}, "62400002"),
    ]:
        response = get(platform, query={**query, "callback": "cb"})
        name, told = script(response)
        assert (response.status_code, name, told["errorCode"]) == (200, "cb", code)
        assert list(told) == ["errorCode", "errorMsg"]


@pytest.mark.parametrize("callback", ["jQuery123_456", "a.b.c", "$", "_x"])
def test_a_safe_callback_is_called(platform, callback):
    assert script(get(platform, query={"callback": callback}))[0] == callback


@pytest.mark.parametrize(
    "callback",
    [
        "",
        "1a",
        "alert(1)//",
        "a b",
        "a;b",
        "a[0]",
        "</script>",
        "a\n",
        "a\u2028",
        "ａ",
        "é",
        "x" * 65,
        "..",
        "a\0",
        "%0a",
    ],
)
def test_an_unsafe_callback_is_replaced(platform, callback):
    assert script(get(platform, query={"callback": callback}))[0] == "callback"


def test_what_a_caller_sends_cannot_leave_the_json(platform):
    name = "a)<script>\u2028\u2029&'(x"
    with pytest.raises(Exception, match="name"):
        platform.runtime.users.create(name, PASSWORD)
    platform.runtime.users.create("a)<script>&'(x", PASSWORD)
    _, told = script(get(platform, query={**RIGHT, "fine_username": "a)<script>&'(x", "validity": "')</script>\u2028"}))
    assert "accessToken" in told
    assert "<" not in told["url"]


def test_the_script_form_can_be_switched_off(build):
    platform = build(login={"cross_domain": False})
    platform.runtime.users.create("wang", PASSWORD)
    _, told = script(get(platform, query=RIGHT))
    assert told["errorCode"] == "62401001"
    assert log_in(platform)


def test_attempts_are_limited_with_the_documented_code(build):
    platform = build(login={"name_rate": "2/hour", "address_rate": "5/hour"})
    platform.runtime.users.create("wang", PASSWORD)
    wrong = {"username": "wang", "password": "wrong password"}
    assert [post(platform, json=wrong).status_code for _ in range(3)] == [200, 200, 429]
    refused = post(platform, json={"username": "wang", "password": PASSWORD})
    assert (refused.status_code, refused.get_json()["errorCode"]) == (429, "11300015")
    assert 1 <= int(refused.headers["Retry-After"]) <= 3600
    assert post(platform, json={**wrong, "username": "li"}).status_code == 200
    script_form = get(platform, query=RIGHT)
    assert (script_form.status_code, script(script_form)[1]["errorCode"]) == (429, "11300015")
    throttled = [row for row in audit(platform) if row[3] == "too many attempts"]
    assert len(throttled) == 1


def test_logging_out_ends_the_token_and_forgets_the_cookie(platform, wang):
    for path, carrier in [
        (LOGOUT, {"headers": {}}),
        (f"{LOGOUT}/cross/domain", {"headers": {}}),
    ]:
        token = log_in(platform)
        carrier["headers"] = bearer(token)
        method = "POST" if path == LOGOUT else "GET"
        response = platform.app.test_client().open(path, method=method, **carrier)
        assert response.status_code == 200
        assert "fine_auth_token=;" in response.headers["Set-Cookie"]
        answer = module(platform, "records_by_id", {"workId": platform.task.uid}, headers=bearer(token))
        assert (answer.status, answer.error) == (401, "21300019")
    assert script(get(platform, f"{LOGOUT}/cross/domain", {"callback": "bye"})) == ("bye", {"status": "success"})


def test_logging_out_with_nothing_or_rubbish_changes_nothing(platform, wang):
    token = log_in(platform)
    for headers in ({}, bearer("rubbish"), bearer(token[:-2])):
        assert platform.app.test_client().post(LOGOUT, headers=headers).status_code == 200
    assert module(platform, "records_by_id", {"workId": platform.task.uid}, headers=bearer(token)).status == 200


def test_logins_are_in_the_audit_log_and_the_names_of_strangers_are_not(platform, wang):
    token = log_in(platform)
    platform.app.test_client().post(LOGOUT, headers=bearer(token))
    post(platform, json={"username": "wang", "password": "wrong password"})
    post(platform, json={"username": "my secret passphrase", "password": "x"})
    platform.runtime.users.enable("wang", False)
    post(platform, json={"username": "wang", "password": PASSWORD})
    assert audit(platform)[:6] == [
        ("user.login", "wang", "refused", "disabled user"),
        ("user.disable", "local", "done", ""),
        ("user.login", "(unknown user)", "refused", "unknown user"),
        ("user.login", "wang", "refused", "wrong password"),
        ("user.logout", "wang", "done", ""),
        ("user.login", "wang", "done", ""),
    ]
    text = "".join(str(one) for one in platform.runtime.audit.list())
    assert "secret passphrase" not in text
    assert token not in text


def test_login_takes_only_its_method(platform):
    assert platform.send("GET", LOGIN, headers={}).status == 405
    assert platform.send("POST", SCRIPT, headers={}).status == 405


def test_a_login_is_not_logged_with_its_query(platform, wang, caplog):
    with caplog.at_level("INFO"):
        token = script(get(platform, query=RIGHT))[1]["accessToken"]
        person(platform, "li")
    assert "login/cross/domain 200" in caplog.text
    assert "battery" not in caplog.text
    assert token not in caplog.text
