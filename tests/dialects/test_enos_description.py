"""Made-up requests by the OpenAPI description: no 5xx, and every answer in the frame that is described."""

import base64
import os

import pytest
import schemathesis
from Cryptodome.Cipher import PKCS1_OAEP
from Cryptodome.PublicKey import RSA
from enos_service import ORG, USER, enos_service
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from fdl_trigger.auth.enos_blocks import Blocks, new_private_key
from fdl_trigger.dialects.enos.operations import OPERATIONS, ROOT, TOKEN_ROOT

PLACES = sorted({(f"{ROOT}/{one.path}", one.method.lower()) for one in OPERATIONS})
PLACES += [(f"{TOKEN_ROOT}/token/get", "post"), (f"{TOKEN_ROOT}/token/refresh", "post"), ("/enos/public-key", "get")]
CASES = int(os.environ.get("FUZZ_CASES", "40"))
"""Requests for each path and method; CI and `make fuzz` ask for more."""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with enos_service(tmp_path_factory.mktemp("enos-described")) as service:
        yield service


@pytest.fixture(scope="module")
def block(service) -> str:
    blocks = Blocks(lambda: service.runtime.own_keys.private_key("enos", new_private_key))
    key = RSA.import_key(base64.b64decode(blocks.public_key()))
    text = f"1${service.application.client_id}${service.application.secret}$a$b"
    return base64.b64encode(PKCS1_OAEP.new(key).encrypt(text.encode())).decode()


@pytest.fixture(scope="module")
def described(service):
    return schemathesis.openapi.from_wsgi("/api/openapi.json", service.app)


@pytest.mark.parametrize(("path", "method"), PLACES)
@pytest.mark.parametrize("is_known", [True, False], ids=["known user", "made-up user"])
def test_no_request_breaks_an_operation_and_answers_are_as_described(described, block, path, method, is_known) -> None:
    codes = set()

    @settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(described[path][method].as_strategy())
    def call(case):
        case.headers = {name: value for name, value in case.headers.items() if not name.lower().startswith("apim-")}
        if is_known and path.startswith(ROOT):
            case.query = {**case.query, "userId": USER, "orgId": ORG}
        answer = case.call_and_validate(
            headers={"apim-accesstoken": block},
            checks=[not_a_server_error, content_type_conformance, response_schema_conformance],
        )
        codes.add(answer.json().get("code", answer.json().get("status")))

    call()
    assert codes
    assert 401 not in codes
