"""EnOS proofs by the vendor's example and the contract's vectors; tokens; blocks."""

import base64

import pytest
from Cryptodome.Cipher import PKCS1_OAEP
from Cryptodome.PublicKey import RSA

from fdl_trigger.auth import enos
from fdl_trigger.auth.enos_blocks import Blocks, new_private_key
from fdl_trigger.auth.enos_tokens import AccessTokens
from fdl_trigger.domain.applications import Application, ApplicationKey
from fdl_trigger.domain.errors import AuthenticationFailed, CredentialExpired, TokenExpired, TokenInvalid

KEY, SECRET, AT = "4ced4f38-1ced-476e-a446-215ca6024307", "65417473-2da3-40cc-b235-513b9216bab1", "1767225600000"
NOW = int(AT)


def application(**changes) -> Application:
    keys = (ApplicationKey(SECRET.replace("-", ""), id=7),)
    values = {"id": 1, "client_id": KEY.replace("-", ""), "name": "a", "method": "aksk", "keys": keys}
    return Application(**{**values, **changes})


def test_the_vendor_s_example_of_a_signature() -> None:
    body = '{\n  "count": 20,\n  "page": 1,\n  "desc": "描述"\n}'.encode()
    covered = enos.signed_text([("k3", "v3"), ("k1", "v1"), ("k2", "v2")], body)
    found = enos.signature("xxxxaaaxxxx", covered, "1572574909697", "xxxappSecretxxx")
    assert found == "59828328f6c1f9771015dc74e4929ae30f518a35a3d2353972c2ea46556fc981"


def test_the_encryption_of_a_token_request() -> None:
    expected = "864080c8bf0751d3de7b7acf04668e8acb3f3fdfb40deb344339e40f2f538042"
    assert enos.encryption(KEY, AT, SECRET) == expected
    assert enos.verify_encryption(application(), KEY, AT, expected.upper(), NOW).id == 7


@pytest.mark.parametrize(
    ("query", "body", "expected"),
    [
        (
            [("action", "triggerFromTask"), ("userId", "u 1"), ("orgId", "o15")],
            b'{"flowId": 3377, "taskId": 108580, "triggerTime": 1594016819108}',
            "6917a4ad7f6aa6323662ce33e3e8f3aa4b8ed94ccce5eafb73a18945df24dffc",
        ),
        (
            [("action", "get"), ("flowInstId", "3377-20200706062600"), ("userId", "u 1"), ("orgId", "o15")],
            b"",
            "a1a36baba52b174b7cec51fede350315d89b5f26363514bb22ef4e0f8c9cd0ad",
        ),
    ],
)
def test_the_signature_of_a_call(query, body, expected) -> None:
    covered = enos.signed_text(query, body)
    assert enos.signature("T0KEN-example-0001", covered, AT, SECRET) == expected
    assert enos.verify_signature(application(), "T0KEN-example-0001", covered, AT, expected, NOW).key_id == 7
    with pytest.raises(AuthenticationFailed):
        enos.verify_signature(application(), "T0KEN-example-0001", covered + b" ", AT, expected, NOW)
    with pytest.raises(CredentialExpired):
        enos.verify_signature(application(), "T0KEN-example-0001", covered, AT, expected, NOW + 900_001)


@pytest.mark.parametrize(
    "wrong",
    [None, application(enabled=False), application(method="sm2"), application(keys=())],
    ids=["unknown", "disabled", "method", "no key"],
)
def test_only_applications_with_a_live_secret_can_prove_anything(wrong) -> None:
    with pytest.raises(AuthenticationFailed):
        enos.verify_secret(wrong, SECRET, NOW)


@pytest.mark.parametrize("spelled", [SECRET, SECRET.replace("-", "")])
def test_a_secret_counts_in_both_spellings(spelled) -> None:
    assert enos.verify_secret(application(), spelled, NOW).key_id == 7
    assert enos.application_id(KEY) == application().client_id == enos.application_id(application().client_id)


def test_a_token_stays_the_same_until_it_ends_and_a_refreshed_one_leaves_it_in_force() -> None:
    tokens = AccessTokens(lambda: b"k" * 32)
    first = tokens.get("app", NOW)
    assert tokens.get("app", NOW + 7_199_999) == first
    assert first.seconds_left(NOW) == 7200
    second = tokens.renew("app", NOW + 1000)
    assert second.text != first.text
    assert {tokens.read(one.text, NOW + 2000).client_id for one in (first, second)} == {"app"}
    with pytest.raises(TokenExpired):
        tokens.read(first.text, NOW + 7_200_000)
    assert tokens.get("app", NOW + 7_202_000).text != second.text


@pytest.mark.parametrize("text", ["", "x", "ä", "AAAA", "Li4u"])
def test_a_token_that_is_not_ours_is_refused(text) -> None:
    tokens = AccessTokens(lambda: b"k" * 32)
    with pytest.raises(TokenInvalid):
        tokens.read(text, NOW)
    other = AccessTokens(lambda: b"o" * 32).get("app", NOW)
    with pytest.raises(TokenInvalid):
        tokens.read(other.text, NOW)


@pytest.fixture(scope="module")
def blocks() -> Blocks:
    key = new_private_key()
    return Blocks(lambda: key)


def encrypted(blocks: Blocks, text: str) -> str:
    key = RSA.import_key(base64.b64decode(blocks.public_key()))
    return base64.b64encode(PKCS1_OAEP.new(key).encrypt(text.encode())).decode()


def test_a_block_for_our_key_tells_key_and_secret(blocks) -> None:
    block = encrypted(blocks, f"123456${KEY}${SECRET}$" + "a" * 64 + "$" + "b" * 64)
    assert len(block) == 344
    assert blocks.open(block) == (KEY, SECRET)


@pytest.mark.parametrize("text", ["", "x", "A" * 344, "!" * 344])
def test_what_is_no_block_of_ours_is_refused(blocks, text) -> None:
    with pytest.raises(AuthenticationFailed):
        blocks.open(text)
    with pytest.raises(AuthenticationFailed):
        blocks.open(encrypted(blocks, "only$two"))
