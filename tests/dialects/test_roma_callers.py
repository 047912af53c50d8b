"""Who is let in by the ROMA surface: signatures, the static token, grants."""

from contextlib import ExitStack

import pytest
from roma_gateway import opened


@pytest.fixture
def open_gateway(tmp_path):
    with ExitStack() as stack:
        yield lambda **roma: stack.enter_context(opened(tmp_path / "store.db", **roma))


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("roma") / "store.db") as gateway:
        yield gateway


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"secret": "0" * 32}, "APIC.0303"),
        ({"key": "0" * 32}, "APIC.0303"),
        ({"skew_ms": -900_001}, "APIC.0303"),
        ({"skew_ms": 901_000}, "APIC.0303"),
        ({"headers": {}}, "APIC.0303"),
        ({"headers": {"X-Auth-Token": "wrong"}}, "APIC.0301"),
        ({"headers": {"Authorization": "SDK-HMAC-SHA256 nonsense"}}, "APIC.0303"),
    ],
)
def test_whoever_does_not_prove_it_is_not_let_in(gateway, changes, code):
    status, error = gateway.call("GET", "/api-tasks", **changes)
    assert (status, error["error_code"]) == (401, code)


def test_a_changed_request_is_not_the_signed_one(gateway):
    path = "/v2/project-1/apic/instances/instance-1/api-tasks"
    headers = gateway.signed("GET", path, "limit=1")
    assert gateway.call("GET", "/api-tasks", headers=headers, query={"limit": 1})[0] == 200
    assert gateway.call("GET", "/api-tasks", headers=headers, query={"limit": 2})[0] == 401
    assert gateway.call("GET", "/apps", headers=headers, query={"limit": 1})[0] == 401
    dropped = {name: value for name, value in headers.items() if name != "x-project-id"}
    assert gateway.call("GET", "/api-tasks", headers=dropped, query={"limit": 1})[0] == 401
    added = {**headers, "X-Sdk-Content-Sha256": "UNSIGNED-PAYLOAD"}
    assert gateway.call("GET", "/api-tasks", headers=added, query={"limit": 1})[0] == 401


@pytest.mark.parametrize("payload", ["UNSIGNED-PAYLOAD", "0" * 64])
def test_a_declared_payload_is_the_true_one_or_unsigned(gateway, payload):
    extra = {"x-sdk-content-sha256": payload}
    status, _ = gateway.call("POST", "/apps", {}, extra=extra)
    assert status == (400 if payload == "UNSIGNED-PAYLOAD" else 401)


def test_a_digest_application_may_sign_and_one_of_sm2_may_not(gateway):
    app = gateway.runtime.access.create("signer", method="digest", grants=gateway.application.grants)
    assert gateway.call("GET", "/api-tasks", key=app.client_id, secret=app.secret)[0] == 200
    gateway.runtime.access.enable(app.client_id, False)
    assert gateway.call("GET", "/api-tasks", key=app.client_id, secret=app.secret)[0] == 401


def test_a_configured_token_stands_for_its_application(open_gateway):
    token = "t" * 40
    gateway = open_gateway(auth_token=token, auth_application="roma")
    assert gateway.call("GET", "/api-tasks", headers={"X-Auth-Token": token})[0] == 200
    assert gateway.call("GET", "/api-tasks", headers={"X-Auth-Token": token[1:]})[0] == 401
    gateway.runtime.access.enable(gateway.application.client_id, False)
    assert gateway.call("GET", "/api-tasks", headers={"X-Auth-Token": token})[0] == 401


def test_whoever_has_no_grant_is_told_so(gateway):
    app = gateway.runtime.access.create("nobody", grants=[])
    for method, path in (("GET", "/api-tasks"), ("POST", "/api-tasks/x/run"), ("GET", "/apps")):
        status, error = gateway.call(method, path, key=app.client_id, secret=app.secret)
        assert (status, error["error_code"]) == (403, "APIC.0304")
