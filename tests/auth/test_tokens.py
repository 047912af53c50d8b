"""`fine_auth_token`: made, read, found in a request; everything else is refused."""

import base64
import json

import jwt
import pytest

from fdl_trigger.auth.token import find_token, is_own_page, read, sign
from fdl_trigger.domain.errors import TokenExpired, TokenInvalid, TokenMissing
from fdl_trigger.domain.users import Session

KEY = b"k" * 32
NOW = 1_760_584_080_000
SESSION = Session("0123456789abcdef", 1, "wang", NOW, NOW + 3_600_000)
CLAIMS = {
    "sub": "wang",
    "iss": "fdl-trigger",
    "description": "wang(王五)",
    "iat": NOW // 1000,
    "exp": NOW // 1000 + 3600,
    "tenantId": "default",
    "jti": "0123456789abcdef",
}


def token(key=KEY, algorithm="HS256", **changes):
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not ...}
    return jwt.encode(claims, key, algorithm)


def unsigned(header):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part(header)}.{part(CLAIMS)}."


def test_a_token_has_the_documented_claims():
    made = sign(SESSION, "王五", KEY)
    assert jwt.get_unverified_header(made) == {"alg": "HS256", "typ": "JWT"}
    assert jwt.decode(made, options={"verify_signature": False}) == CLAIMS


def test_a_genuine_token_is_read_until_its_last_millisecond():
    made = sign(SESSION, "王五", KEY)
    for now in (NOW, NOW - 60_000, SESSION.expires_at - 1):
        claims = read(made, KEY, now)
        assert (claims.user_name, claims.jti) == ("wang", SESSION.jti)
    with pytest.raises(TokenExpired):
        read(made, KEY, SESSION.expires_at)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a.b.c",
        "..",
        token()[:-1],
        token()[:40],
        token() + "x",
        token().upper(),
        token().replace(".", "", 1),
        "令牌." + token(),
        "a" * 1_000_000,
        token(sub="w" * 8000),
        unsigned({"alg": "none", "typ": "JWT"}),
        unsigned({"alg": "NONE"}),
        unsigned({"alg": "HS256"}),
        unsigned(["HS256"]),
        token(b"x" * 32),
        token(b"k" * 64, "HS512"),
        token(iss="fanruan"),
        token(iss=...),
        token(sub=...),
        token(sub=7),
        token(sub=["wang"]),
        token(jti=...),
        token(jti=7),
        token(exp=...),
        token(exp=f"{NOW}"),
        token(exp=float(NOW)),
        token(exp=True),
        token(iat=...),
        token(tenantId="other"),
        token(tenantId=...),
    ],
    ids=lambda text: text[:24] or "empty",
)
def test_anything_else_is_not_believed(text):
    with pytest.raises(TokenInvalid):
        read(text, KEY, NOW)


def test_a_token_that_is_both_forged_and_expired_is_told_as_forged():
    with pytest.raises(TokenInvalid):
        read(token(b"x" * 32), KEY, NOW + 10**9)


def test_the_header_wins_over_the_cookie_and_the_cookie_over_the_query():
    environ = {"HTTP_AUTHORIZATION": "Bearer one", "HTTP_COOKIE": "a=b; fine_auth_token=two"}
    query = {"fine_auth_token": ["three"]}
    assert find_token(environ, query) == "one"
    assert find_token({"HTTP_COOKIE": environ["HTTP_COOKIE"]}, query) == "two"
    assert find_token({}, query) == "three"
    assert find_token({}, {"fine_auth_token": ["three", "three", ""]}) == "three"
    assert find_token({"HTTP_AUTHORIZATION": "bearer   one "}, {}) == "one"


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"HTTP_AUTHORIZATION": "Basic d2FuZzpwdw=="},
        {"HTTP_AUTHORIZATION": "Bearer "},
        {"HTTP_AUTHORIZATION": "one"},
        {"HTTP_COOKIE": "fine_auth_token="},
        {"HTTP_COOKIE": "other=one"},
        {"HTTP_COOKIE": "\0;;;==="},
    ],
)
def test_without_a_token_that_is_told(environ):
    with pytest.raises(TokenMissing):
        find_token(environ, {})


def test_two_different_tokens_in_the_query_are_refused():
    with pytest.raises(TokenInvalid, match="more than once"):
        find_token({}, {"fine_auth_token": ["one", "two"]})


@pytest.mark.parametrize(
    ("environ", "ours"),
    [
        ({}, True),
        ({"HTTP_SEC_FETCH_SITE": "same-origin"}, True),
        ({"HTTP_SEC_FETCH_SITE": "none"}, True),
        ({"HTTP_SEC_FETCH_SITE": "same-site"}, False),
        ({"HTTP_SEC_FETCH_SITE": "cross-site"}, False),
        ({"HTTP_ORIGIN": "http://bi.example.com:8068"}, True),
        ({"HTTP_ORIGIN": "https://bi.example.com:8068"}, True),
        ({"HTTP_ORIGIN": "http://evil.example.com"}, False),
        ({"HTTP_ORIGIN": "http://bi.example.com"}, False),
        ({"HTTP_ORIGIN": "null"}, False),
        ({"HTTP_ORIGIN": ""}, False),
    ],
)
def test_a_cookie_speaks_for_its_user_only_on_pages_of_ours(environ, ours):
    environ = {**environ, "HTTP_HOST": "bi.example.com:8068", "HTTP_COOKIE": "fine_auth_token=two"}
    assert is_own_page(environ) is ours
    assert find_token(environ, {"fine_auth_token": ["three"]}) == ("two" if ours else "three")
