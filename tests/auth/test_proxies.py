"""The caller's address behind proxies."""

import pytest

from fdl_trigger.auth.proxies import TrustedProxies


def address(forwarded, peer="10.0.0.1", trusted=("10.0.0.0/24", "::1"), **more):
    environ = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http", **more}
    if forwarded is not None:
        environ["HTTP_X_FORWARDED_FOR"] = forwarded
    return TrustedProxies(lambda seen, _: seen, trusted)(environ, None)


@pytest.mark.parametrize(
    ("forwarded", "caller"),
    [
        ("192.0.2.9", "192.0.2.9"),
        ("192.0.2.9:5123", "192.0.2.9"),
        ('"[2001:db8::1]:443"', "2001:db8::1"),
        ("::ffff:192.0.2.9", "192.0.2.9"),
        ("6.6.6.6, 192.0.2.9", "192.0.2.9"),
        ("6.6.6.6, 192.0.2.9, 10.0.0.7", "192.0.2.9"),
        ("10.0.0.9, 10.0.0.7", "10.0.0.9"),
        ("192.0.2.9, nonsense", "10.0.0.1"),
        ("nonsense, 10.0.0.7", "10.0.0.7"),
        ("", "10.0.0.1"),
        (None, "10.0.0.1"),
        ("," * 10_000, "10.0.0.1"),
    ],
)
def test_the_last_address_that_is_no_trusted_proxy_counts(forwarded, caller):
    assert address(forwarded)["REMOTE_ADDR"] == caller


@pytest.mark.parametrize("peer", ["192.0.2.1", "", "unix", "::2"])
def test_nobody_else_is_believed(peer):
    seen = address("6.6.6.6", peer, HTTP_X_FORWARDED_PROTO="https")
    assert (seen["REMOTE_ADDR"], seen["wsgi.url_scheme"]) == (peer, "http")


def test_a_trusted_proxy_tells_the_scheme():
    assert address("192.0.2.9", HTTP_X_FORWARDED_PROTO="https")["wsgi.url_scheme"] == "https"
    assert address("192.0.2.9", HTTP_X_FORWARDED_PROTO="gopher")["wsgi.url_scheme"] == "http"
