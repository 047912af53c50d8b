"""SM2 by the standard's example, by OpenSSL, by sm-crypto and by gmssl itself."""

import base64
import random

import pytest
from gmssl.sm2 import CryptSM2, default_ecc_table
from hypothesis import given, settings
from hypothesis import strategies as st
from sm2_peers import der_of

from fdl_trigger.auth import sm2_engine
from fdl_trigger.auth.sm2_points import PointTable
from fdl_trigger.auth.sm2_signatures import parse_signature
from fdl_trigger.auth.sm3 import sm3
from fdl_trigger.domain import sm2_keys
from fdl_trigger.domain.sm2_keys import N, P, normalise_public_key

# GM/T 0003.5, the signature example on the recommended curve: user id 1234567812345678, message "message digest".
PRIVATE = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"
PUBLIC = (
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
MESSAGE = b"message digest"
IDENTITY = "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3"
DIGEST = "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640"
NONCE = "59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21"
R = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
S = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA


def test_the_example_of_the_standard_is_reproduced():
    assert sm2_engine.public_key_of(PRIVATE) == PUBLIC
    assert sm2_engine._identity(PUBLIC).hex() == IDENTITY
    assert sm2_engine.message_digest(PUBLIC, MESSAGE).hex() == DIGEST
    engine = sm2_engine._Sm2(PUBLIC, PRIVATE)
    assert engine.sign(bytes.fromhex(DIGEST), NONCE) == f"{R:064x}{S:064x}"
    assert sm2_engine.verify(PUBLIC, (R, S), MESSAGE)


def test_a_signature_seen_before_costs_no_arithmetic(monkeypatch):
    assert sm2_engine.verify(PUBLIC, (R, S), MESSAGE)
    assert not sm2_engine.verify(PUBLIC, (R, S - 1), MESSAGE)
    monkeypatch.setattr(sm2_engine, "_Sm2", None)
    assert sm2_engine.verify(PUBLIC, (R, S), MESSAGE)
    assert not sm2_engine.verify(PUBLIC, (R, S - 1), MESSAGE)


def test_the_curve_is_gmssls():
    assert (int(default_ecc_table["p"], 16), int(default_ecc_table["n"], 16)) == (P, N)
    assert (int(default_ecc_table["a"], 16), int(default_ecc_table["b"], 16)) == (sm2_keys.A, sm2_keys.B)


@pytest.mark.parametrize(
    ("signature", "message"),
    [
        ((R, S), b"message digesT"),
        ((R, S + 1), MESSAGE),
        ((S, R), MESSAGE),
        ((0, S), MESSAGE),
        ((R, 0), MESSAGE),
        ((N, S), MESSAGE),
        ((R, S + N), MESSAGE),
        ((R + N, S), MESSAGE),
        ((R, N - R), MESSAGE),
        ((1, 1), b""),
    ],
)
def test_a_changed_signature_or_message_does_not_verify(signature, message):
    assert not sm2_engine.verify(PUBLIC, signature, message)


def test_products_agree_with_gmssls_arithmetic_on_texts():
    original = CryptSM2(private_key="", public_key="", mode=1)
    ours = sm2_engine._Sm2(PUBLIC)
    for factor in (1, 2, 15, 16, 17, N - 1, N - 2, 2**255, random.getrandbits(255), random.getrandbits(255)):
        for point in (default_ecc_table["g"], PUBLIC):
            assert ours._kg(factor, point) == original._kg(factor, point)


def test_the_order_times_a_point_is_the_point_at_infinity():
    point = (int(PUBLIC[:64], 16), int(PUBLIC[64:], 16))
    assert PointTable(point).times(N) is None
    assert PointTable(point).times(N + 1) == point
    assert PointTable(point).times(0) is None


def test_ours_and_gmssls_own_verification_agree():
    for number in range(3):
        message = f"call {number}".encode()
        r, s = sm2_engine.sign(PRIVATE, message)
        original = CryptSM2(private_key="", public_key="", mode=1)
        original.public_key = PUBLIC
        assert original.verify(f"{r:064x}{s:064x}", sm2_engine.message_digest(PUBLIC, message)) is True


def test_openssl_and_we_verify_each_other(openssl):
    public = normalise_public_key(openssl.public_pem)
    assert sm2_engine.public_key_of(openssl.private_key) == public
    for message in (b"", b"call", "订单".encode() * 50):
        signature = parse_signature(openssl.sign(message).hex())
        assert sm2_engine.verify(public, signature, message)
        assert not sm2_engine.verify(public, signature, message + b"!")
        ours = sm2_engine.sign(openssl.private_key, message)
        assert openssl.verifies(message, der_of(*ours))


def test_a_signature_for_another_user_id_does_not_verify(openssl):
    public = normalise_public_key(openssl.public_pem)
    signature = parse_signature(openssl.sign(b"call", "ALICE123@YAHOO.COM").hex())
    assert not sm2_engine.verify(public, signature, b"call")


def test_openssls_sm3_is_ours(openssl):
    for data in (b"", b"abc", b"x" * 1000):
        assert openssl.sm3(data) == sm3(data)


@pytest.mark.parametrize("der", [False, True])
def test_sm_crypto_and_we_verify_each_other(sm_crypto, der):
    keys = sm_crypto.ask(do="keys")
    public = normalise_public_key(keys["publicKey"])
    text = "03eff5c6a0c04f53bcb842d3d9d4e5861760584080000"
    signature = sm_crypto.ask(do="sign", message=text, privateKey=keys["privateKey"], der=der)
    assert sm2_engine.verify(public, parse_signature(signature), text.encode())
    r, s = sm2_engine.sign(keys["privateKey"], text.encode())
    question = {"do": "verify", "message": text, "publicKey": keys["publicKey"]}
    assert sm_crypto.ask(**question, signature=f"{r:064x}{s:064x}") is True
    assert sm_crypto.ask(**question, signature=f"{s:064x}{r:064x}") is False


def test_keys_that_start_with_zeros_and_fours_verify():
    found = 0
    while found < 3:
        private = sm2_engine.new_private_key()
        public = sm2_engine.public_key_of(private)
        if public[0] in "04":
            found += 1
            assert sm2_engine.verify(public, sm2_engine.sign(private, b"x"), b"x")


def test_every_spelling_of_a_signature_is_read_alike():
    raw, der = bytes.fromhex(f"{R:064x}{S:064x}"), der_of(R, S)
    spellings = [raw.hex(), raw.hex().upper(), der.hex(), *(base64.b64encode(one).decode() for one in (raw, der))]
    assert {parse_signature(one) for one in spellings} == {(R, S)}
    assert parse_signature(base64.urlsafe_b64encode(raw).decode()) == (R, S)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "zz",
        "é" * 128,
        f"{R:064x}{S:064x}"[:-1],
        f"{R:064x}{S:064x}00",
        f"{R:064x}{S:064x}" * 1000,
        "3006020101020100",
        "300602010102020001",
        "3080020101020101",
        "30060201ff020101",
        "3007020101020101ff",
        "3009020101020101020101",
        "30460221",
        "=" * 88,
        "\0" * 128,
        "١" * 128,
    ],
)
def test_what_is_no_signature_is_not_read(text):
    assert parse_signature(text) is None


@given(st.binary(max_size=90))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_not_but_never_break(data):
    for text in (data.hex(), base64.b64encode(data).decode(), data.decode("latin-1")):
        found = parse_signature(text)
        assert found is None or all(number >= 0 for number in found)


def test_every_spelling_of_a_public_key_is_kept_alike(openssl):
    der = openssl.public_der
    point = der[-64:].hex()
    pem = openssl.public_pem
    spellings = [pem, pem.replace("\n", "\r\n"), base64.b64encode(der).decode(), "04" + point, point, point.upper()]
    assert {normalise_public_key(one) for one in spellings} == {point}


@pytest.mark.parametrize(
    "text",
    ["", "04", "04" + PUBLIC[:-1], PUBLIC[:-1] + "4", "0" * 128, "f" * 128, "02" + PUBLIC[:64], "x" * 128, "04" * 9999],
)
def test_what_is_no_point_of_the_curve_is_refused_as_a_key(text):
    with pytest.raises(ValueError, match=r"hexadecimal|curve"):
        normalise_public_key(text)


def test_a_key_of_another_curve_is_refused():
    pem = (
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"
        + base64.b64encode(bytes.fromhex(PUBLIC)).decode()
        + "\n-----END PUBLIC KEY-----\n"
    )
    with pytest.raises(ValueError, match="PEM"):
        normalise_public_key(pem)
