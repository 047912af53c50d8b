"""The OpenAPI description: complete, true, and shown without the network."""

import re
from dataclasses import replace

import pytest
import schemathesis
from admin_desk import PREFIX, Desk
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from fdl_trigger.config import Settings, StoreSettings
from fdl_trigger.runtime import Runtime
from fdl_trigger.web import create_app


@pytest.fixture(scope="module")
def standing_desk(tmp_path_factory):
    path = tmp_path_factory.mktemp("described") / "store.db"
    defaults = Settings()
    limits = replace(defaults.login, name_rate="", address_rate="")
    with Runtime(Settings(store=StoreSettings(path=str(path)), login=limits), run_engine=False) as runtime:
        yield Desk(runtime, create_app(runtime))


@pytest.fixture(scope="module")
def described(standing_desk):
    return schemathesis.openapi.from_wsgi("/api/openapi.json", standing_desk.app)


OPERATIONS = [
    (path, method)
    for path, methods in create_app(Runtime(Settings()))
    .test_client()
    .get("/api/openapi.json")
    .get_json()["paths"]
    .items()
    for method in methods
    if path.startswith(PREFIX) and method != "parameters"
]


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_no_request_breaks_an_operation_and_answers_are_as_described(described, standing_desk, path, method):
    headers = {"Authorization": f"Bearer {standing_desk.token('admin')}"}

    statuses = set()

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(described[path][method].as_strategy())
    def call(case):
        answer = case.call_and_validate(
            headers=headers, checks=[not_a_server_error, content_type_conformance, response_schema_conformance]
        )
        statuses.add(answer.status_code)

    call()
    assert statuses - {401} or path == f"{PREFIX}/tokens"  # made-up passwords are wrong


def test_every_operation_of_every_part_is_described(desk):
    description = desk.app.test_client().get("/api/openapi.json").get_json()
    assert description["openapi"].startswith("3.1")
    told = {
        (method.upper(), path)
        for path, operations in description["paths"].items()
        for method in operations
        if method != "parameters"
    }
    rules = {
        (method, rule.rule)
        for rule in desk.app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/admin/") or "/fdl/" in rule.rule
    }
    bare = {(method, re.sub(r"<(?:[^:<>]*(?:\([^)]*\))?:)?(\w+)>", r"{\1}", path)) for method, path in rules}
    assert bare - told == set()
    admin = [one for path, one in description["paths"].items() if path.startswith("/api/admin/")]
    assert all(operation["summary"] for one in admin for name, operation in one.items() if name != "parameters")
