"""Who is calling, by each of the methods."""

import dataclasses
import hashlib

import pytest

from fdl_trigger.auth import AUTHENTICATORS, authenticate, read_credentials
from fdl_trigger.auth.credentials import Credentials
from fdl_trigger.auth.digest import sign
from fdl_trigger.auth.origins import calling_origin, normalise
from fdl_trigger.auth.sm3 import sm3, sm3_without_openssl
from fdl_trigger.core.access import DIGEST_ALGORITHMS, METHODS
from fdl_trigger.domain.applications import Application, ApplicationKey
from fdl_trigger.domain.errors import AuthenticationFailed, CredentialExpired
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Grant

NOW = 1760584080000
PUBLISHED_ID = "03eff5c6a0c04f53bcb842d3d9d4e586"
PUBLISHED_KEY = "46925d8209104b1f839857c01b6bcf18"
PUBLISHED_SIGNATURE = "2cebacb26626565d15797b22c0044b6f1760584080000"


def application(method="aksk", **changes):
    values = {
        "id": 7,
        "client_id": PUBLISHED_ID,
        "name": "reports",
        "method": method,
        "keys": () if method == "page" else (ApplicationKey(PUBLISHED_KEY, id=11),),
        "digest_algorithm": "MD5",
        "digest_timeout_s": 300,
        "rate": None,
        "origins": ("https://bi.example.com",) if method == "page" else (),
        "enabled": True,
        "grants": (Grant(Operation.EXECUTE, 3),),
    }
    return Application(**{**values, **changes})


def login(known, now_ms=NOW, **credentials):
    given = Credentials(**{"client_id": PUBLISHED_ID, **credentials})
    return authenticate({known.client_id: known}.get, given, now_ms)


def test_every_method_an_application_can_be_created_with_has_an_authenticator():
    assert set(METHODS) == set(AUTHENTICATORS)


def test_the_secret_lets_the_application_in_with_its_name_and_grants():
    principal = login(application(), secret=PUBLISHED_KEY)
    assert (principal.name, principal.application_id) == ("reports", 7)
    assert principal.may(Operation.EXECUTE, 3)
    assert not principal.may(Operation.EXECUTE, 4)


@pytest.mark.parametrize("secret", ["wrong", PUBLISHED_KEY.upper(), PUBLISHED_KEY[:-1], "密钥", "\udcff", ""])
def test_a_wrong_secret_is_refused(secret):
    with pytest.raises(AuthenticationFailed):
        login(application(), secret=secret)


def test_unknown_disabled_and_wrong_are_refused_in_the_same_words():
    attempts = [
        (application(client_id="other"), {"secret": PUBLISHED_KEY}),
        (application(enabled=False), {"secret": PUBLISHED_KEY}),
        (application(), {"secret": "wrong"}),
        (application(), {"signature": PUBLISHED_SIGNATURE}),
        (application("digest"), {"secret": PUBLISHED_KEY}),
        (application("page"), {"secret": PUBLISHED_KEY, "origin": "https://bi.example.com"}),
        (application(), {"origin": "https://bi.example.com"}),
    ]
    messages = set()
    for known, credentials in attempts:
        with pytest.raises(AuthenticationFailed) as refusal:
            login(known, **credentials)
        messages.add((type(refusal.value), refusal.value.message))
    assert len(messages) == 1


def test_an_application_without_a_secret_is_not_let_in_by_an_empty_one():
    with pytest.raises(AuthenticationFailed):
        login(application(keys=()), secret="x")
    with pytest.raises(AuthenticationFailed):
        login(application("digest", keys=()), signature=sign(PUBLISHED_ID, "", NOW))


def test_a_call_without_a_client_id_is_told_so():
    with pytest.raises(AuthenticationFailed, match="client_id"):
        login(application(), client_id="", secret=PUBLISHED_KEY)


def test_secret_and_signature_together_are_refused():
    with pytest.raises(AuthenticationFailed, match="not both"):
        login(application(), secret=PUBLISHED_KEY, signature=PUBLISHED_SIGNATURE)


def test_the_published_signature_verifies_at_its_own_time():
    assert login(application("digest"), signature=PUBLISHED_SIGNATURE).name == "reports"
    assert sign(PUBLISHED_ID, PUBLISHED_KEY, NOW) == PUBLISHED_SIGNATURE


def test_the_hexadecimal_digits_of_a_signature_may_be_upper_case():
    assert login(application("digest"), signature=PUBLISHED_SIGNATURE.upper())


@pytest.mark.parametrize(("age_ms", "accepted"), [(299_999, True), (300_000, False), (-5_000, True), (-5_001, False)])
def test_a_signature_counts_only_in_its_time(age_ms, accepted):
    if accepted:
        assert login(application("digest"), NOW + age_ms, signature=PUBLISHED_SIGNATURE)
    else:
        with pytest.raises(CredentialExpired):
            login(application("digest"), NOW + age_ms, signature=PUBLISHED_SIGNATURE)


def test_the_expiry_is_the_applications_own():
    known = application("digest", digest_timeout_s=10)
    with pytest.raises(CredentialExpired, match="10 seconds"):
        login(known, NOW + 10_000, signature=PUBLISHED_SIGNATURE)


def test_a_forged_signature_is_not_told_to_be_expired():
    with pytest.raises(AuthenticationFailed) as refusal:
        login(application("digest"), NOW + 900_000, signature="0" * 32 + str(NOW))
    assert not isinstance(refusal.value, CredentialExpired)


@pytest.mark.parametrize("algorithm", DIGEST_ALGORITHMS)
def test_each_digest_algorithm_lets_in_and_only_its_own(algorithm):
    signature = sign(PUBLISHED_ID, PUBLISHED_KEY, NOW, algorithm)
    assert login(application("digest", digest_algorithm=algorithm), signature=signature)
    other = next(name for name in DIGEST_ALGORITHMS if name != algorithm)
    with pytest.raises(AuthenticationFailed):
        login(application("digest", digest_algorithm=other), signature=signature)


@pytest.mark.parametrize("broken", ["x", "1760584080000", "0" * 45, "é" * 45, "2cebacb2" * 10_000, "\0" * 45, "١" * 45])
def test_a_broken_signature_is_refused(broken):
    with pytest.raises(AuthenticationFailed):
        login(application("digest"), signature=broken)


def test_a_signature_over_something_that_is_no_timestamp_is_refused():
    forged = sign(PUBLISHED_ID, PUBLISHED_KEY, "176058408000x")
    with pytest.raises(AuthenticationFailed):
        login(application("digest"), signature=forged)


def test_an_unknown_algorithm_is_named():
    with pytest.raises(ValueError, match="SHA1"):
        sign("a", "b", NOW, "SHA1")


@pytest.mark.parametrize("text", ["", "abc", "密钥" * 100])
def test_sm3_without_openssl_agrees(text):
    assert sm3_without_openssl(text.encode()) == sm3(text.encode()) == hashlib.new("sm3", text.encode()).digest()


def test_a_page_is_let_in_from_its_own_origin_only():
    known = application("page")
    assert login(known, origin="https://bi.example.com")
    for origin in ("", "https://evil.example.com", "http://bi.example.com", "https://bi.example.com:8443"):
        with pytest.raises(AuthenticationFailed):
            login(known, origin=origin)


def test_the_secret_is_not_shown_when_credentials_are_printed():
    assert "hidden" not in repr(Credentials("a", secret="hidden", signature="hidden"))
    assert dataclasses.is_dataclass(Credentials)


HEADERS = {"HTTP_CLIENT_ID": "a", "HTTP_SECRET": "s", "HTTP__SIGN_": "g"}
QUERY = {"client_id": ["a"], "secret": ["s"], "_sign_": ["g"]}


@pytest.mark.parametrize(("headers", "query"), [(HEADERS, {}), ({}, QUERY), (HEADERS, QUERY)])
def test_credentials_come_in_headers_or_in_the_query(headers, query):
    found = read_credentials(headers, query)
    assert (found.client_id, found.secret, found.signature) == ("a", "s", "g")


def test_the_older_spelling_of_client_id_is_understood():
    assert read_credentials({}, {"clientId": ["a"]}).client_id == "a"
    assert read_credentials({"HTTP_CLIENTID": "a"}, {}).client_id == "a"


@pytest.mark.parametrize(
    ("headers", "query", "name"),
    [
        ({"HTTP_CLIENT_ID": "a"}, {"client_id": ["b"]}, "client_id"),
        ({}, {"client_id": ["a"], "clientId": ["b"]}, "client_id"),
        ({}, {"secret": ["a", "b"]}, "secret"),
        ({"HTTP_SECRET": "a, b"}, {}, "secret"),
        ({"HTTP__SIGN_": "a"}, {"_sign_": ["b"]}, "_sign_"),
    ],
)
def test_contradicting_credentials_are_refused_by_name(headers, query, name):
    with pytest.raises(AuthenticationFailed, match=f"'{name}' is given more than once"):
        read_credentials(headers, query)


def test_the_same_credential_given_twice_is_no_contradiction():
    assert read_credentials({"HTTP_SECRET": "s, s"}, {"secret": ["s", "s", ""]}).secret == "s"


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://BI.example.com:443/page?x=1", "https://bi.example.com"),
        ("http://bi.example.com:8080", "http://bi.example.com:8080"),
        ("http://[::1]:80/", "http://[::1]"),
        ("null", ""),
        ("file:///etc/passwd", ""),
        ("https://", ""),
        ("https://a:notaport", ""),
        ("https://[", ""),
    ],
)
def test_origins_are_compared_in_one_spelling(text, origin):
    assert normalise(text) == origin


def test_a_get_without_origin_is_placed_by_its_referer_or_by_the_browsers_word():
    get = {"REQUEST_METHOD": "GET", "HTTP_HOST": "here:8068", "wsgi.url_scheme": "http"}
    assert calling_origin({**get, "HTTP_REFERER": "http://here:8068/report"}) == "http://here:8068"
    assert calling_origin({**get, "HTTP_SEC_FETCH_SITE": "same-origin"}) == "http://here:8068"
    assert calling_origin({**get, "HTTP_SEC_FETCH_SITE": "cross-site"}) == ""
    assert calling_origin({**get, "HTTP_ORIGIN": "null", "HTTP_REFERER": "http://here:8068/"}) == ""
    assert calling_origin(get) == ""
    assert calling_origin({**get, "REQUEST_METHOD": "POST", "HTTP_REFERER": "http://here:8068/"}) == ""
