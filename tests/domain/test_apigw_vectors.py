"""SDK-HMAC-SHA256 against the verified vectors of roma-scheduled-calls.md section 6."""

import hashlib

import pytest

from fdl_trigger.domain.apigw import (
    Signable,
    authorization,
    canonical_path,
    canonical_query,
    canonical_request,
    date_text,
    payload_hash,
    signature,
)

KEY, SECRET = "fdltrigger0app0key0000000000000001", "fdltrigger0app0secret0000000000001"
BASE = {"host": "127.0.0.1:18080", "x-sdk-date": "20260102T030405Z"}
QUERY = "b=2&a=x%20y&a=1&empty&z~=a%2Fb%2Bc%3Dd%26e&%E4%B8%AD=%E6%96%87"
BODY = '{"job":"nightly","n":1,"名":"值"}'.encode()
XML = {**BASE, "content-type": "application/xml"}

V0 = Signable(
    "GET",
    "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs",
    "limit=2&marker=13551d6b-755d-4757-b956-536f674975c0",
    {"content-type": "application/json", "host": "service.region.example.com", "x-sdk-date": "20191115T033655Z"},
)
VECTORS = {
    "V0": (
        V0,
        "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc",
        "b25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a",
        "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe",
    ),
    "V1": (
        Signable("GET", "/api/ping", "", BASE),
        SECRET,
        "952d374105e0d8ed0bd87bf7f44ce6bdeadac88e5acb16530ff0107025da814c",
        "98764ad6c5dfd387d67f4afd6446a4d74423a50943d3559ae85059c172c676c4",
    ),
    "V2": (
        Signable("GET", "/api/v1/reports", QUERY, BASE),
        SECRET,
        "b6a89f0aaabb1e2a1d4e077b7f0967faf654cbdb74504a12f90a6c037d6fcdfe",
        "1b19192f738e38c455ff82ab27f7f14bf824740b63557bcd7c8d3afc406576b5",
    ),
    "V3": (
        Signable(
            "POST",
            "/api/v1/run task/中",
            "env=prod",
            {**BASE, "content-type": "application/json", "x-stage": "RELEASE"},
            payload_hash(BODY),
        ),
        SECRET,
        "055f82a40e189a48208fbbc40190f371ab1b1e686ce905b03842999316c6c7da",
        "2531fb21cfff7210904824a4e81617ca75a4371fc2e874f769981ac2e245b92f",
    ),
    "V4": (
        Signable("POST", "/api/v1/import", "", {**XML, "x-sdk-content-sha256": "UNSIGNED-PAYLOAD"}, "UNSIGNED-PAYLOAD"),
        SECRET,
        "81eb727890cb4f4adbda71b3e23f5db980e00edce2b21527aff6ee3f15c32c0d",
        "6b2187596668b205691927cd86ce81b0746b4fc2479a073aa5e8979791714922",
    ),
    "V5": (
        Signable("POST", "/api/v1/import", "", XML, payload_hash(b"<a>1</a>")),
        SECRET,
        "831632fc7052104b3979c9a3f03c157a576b1c6acfdf5657ef6765634a30ff32",
        "d3a7cdb72502d79bd136948ea671b7a40889cac18c325a97fe82d00e8339e9ff",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_a_request_is_signed_as_the_vendor_does(name):
    request, secret, hashed, expected = VECTORS[name]
    signed = sorted(request.headers)
    assert hashlib.sha256(canonical_request(request, signed).encode()).hexdigest() == hashed
    assert signature(request, signed, secret) == expected


def test_the_header_names_key_and_signed_headers():
    request, secret, _, expected = VECTORS["V1"]
    header = f"SDK-HMAC-SHA256 Access={KEY}, SignedHeaders=host;x-sdk-date, Signature={expected}"
    assert authorization(request, KEY, secret) == header


def test_a_plus_in_a_query_is_a_plus():
    assert canonical_query("a=x+y&&b") == "a=x%2By&b="


def test_bytes_that_are_no_text_keep_their_value():
    assert canonical_query("a=%ff%FE") == "a=%FF%FE"


@pytest.mark.parametrize(("path", "expected"), [("", "/"), ("/a", "/a/"), ("/a b/~c/", "/a%20b/~c/")])
def test_a_path_is_encoded_piece_by_piece(path, expected):
    assert canonical_path(path) == expected


def test_a_date_is_written_in_utc():
    assert date_text(1_767_323_045_000) == "20260102T030405Z"
