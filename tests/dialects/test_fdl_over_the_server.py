"""The same calls through the real server: what arrives there is not what a test client hands over."""

import http.client
import json

import pytest
from fdl_platform import ROOT

from fdl_trigger.auth.digest import sign
from fdl_trigger.config import ServerSettings
from fdl_trigger.dialects.finedatalink.errors import ERRORS
from fdl_trigger.server import Server


@pytest.fixture
def port(platform):
    with Server(platform.app, ServerSettings(port=0, threads=2)) as server:
        yield server.port


def post(port, headers, body=b"{}", path="/fdl/workId/records"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest("POST", ROOT + path)
        for name, value in [*headers, ("Content-Length", str(len(body)))]:
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def body_of(platform):
    return json.dumps({"workId": platform.task.uid}).encode()


@pytest.mark.parametrize("name", ["client_id", "Client_Id", "CLIENT_ID"])
def test_credentials_in_headers_reach_the_application(platform, port, name):
    headers = [(name, platform.application.client_id), ("secret", platform.application.secret)]
    assert post(port, headers, body_of(platform))[1]["data"] == []


def test_a_signature_in_a_header_reaches_the_application(platform, port, clock):
    signing = platform.runtime.access.create("signing", method="digest", grants=platform.application.grants)
    signature = sign(signing.client_id, signing.secret, clock.now)
    headers = [("client_id", signing.client_id), ("_sign_", signature)]
    assert post(port, headers, body_of(platform))[1]["data"] == []


def test_a_header_given_twice_with_different_values_is_refused(platform, port):
    headers = [("client_id", platform.application.client_id), ("client_id", "other"), ("secret", "x")]
    status, envelope = post(port, headers)
    assert (status, envelope["errorCode"]) == (401, ERRORS["authentication_failed"].error_code)
    assert "client_id" in envelope["errorMsg"]


def test_a_body_of_ten_megabytes_is_refused_in_the_envelope(platform, port):
    headers = [("client_id", platform.application.client_id), ("secret", platform.application.secret)]
    status, envelope = post(port, headers, b'{"workId": "' + b"x" * 10_000_000 + b'"}')
    assert (status, envelope["errorCode"]) == (413, ERRORS["request_too_large"].error_code)


def test_raw_bytes_in_a_path_are_answered_in_the_envelope(port):
    status, envelope = post(port, [], path="/fdl/%ff%00")
    assert (status, envelope["errorCode"]) == (404, ERRORS["path_not_found"].error_code)
