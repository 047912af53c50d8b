"""Certificates: checked unless the definition says otherwise (finedatalink-tasks.md section 5)."""

import ssl
import subprocess

import pytest

from fdl_trigger.nodes.errors import NodeError

AUTO = {"mode": "AUTO_CREATE"}


@pytest.fixture
def secure_api(api, tmp_path):
    """The API behind a self-signed certificate."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    api.encrypt(context)
    return api


def test_a_self_signed_certificate_is_refused(secure_api, bench):
    secure_api.replies["/rows"] = [{"id": 1}]
    with pytest.raises(NodeError, match="TLS failed"):
        bench.run({"url": secure_api.url + "/rows"}, target=AUTO)
    assert secure_api.seen == []


def test_verification_can_be_switched_off_without_a_warning(secure_api, bench):
    secure_api.replies["/rows"] = [{"id": 1}]
    assert bench.run({"url": secure_api.url + "/rows", "verifyTls": False}, target=AUTO).inserted == 1


def test_a_stalled_answer_over_tls_meets_its_deadline(secure_api, bench):
    secure_api.raw["/rows"] = lambda handler: secure_api.release.wait(30)
    with pytest.raises(NodeError, match="no complete answer within 1 s"):
        bench.run({"url": secure_api.url + "/rows", "verifyTls": False, "headers": {"FDLTimeout": 1}}, target=AUTO)
