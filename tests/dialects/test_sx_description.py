"""Requests made up from the description of the SchedulerX endpoint: never a 5xx, always answered as described."""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance
from sx_service import NAMES, Service
from test_sx_matrix import ACTIONS

CASES = int(os.environ.get("FUZZ_CASES", "60"))
QUIETLY = settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
PARAMETERS = (
    "JobId",
    "JobInstanceId",
    "InstanceId",
    "Status",
    "PageNum",
    "PageSize",
    "InstanceParameters",
    "Name",
    "Line",
)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_request_breaks_the_endpoint(schedulerx: Service, method: str) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", schedulerx.app)

    @QUIETLY
    @given(schema["/"][method].as_strategy())
    def call(case):
        case.call_and_validate(checks=[not_a_server_error, content_type_conformance, response_schema_conformance])

    call()


def test_no_signed_parameters_break_an_action(schedulerx: Service) -> None:
    names = st.sampled_from([action.name for action in ACTIONS])
    values = st.text(max_size=40) | st.integers().map(str) | st.sampled_from(["1", "0", "true", "100", '{"a": 1}'])

    @QUIETLY
    @given(names, st.dictionaries(st.sampled_from(PARAMETERS), values), st.sampled_from(["JSON", "XML"]))
    def call(action, parameters, form):
        given_ = {**NAMES, "JobId": str(schedulerx.task.id), **parameters, "Format": form}
        schedulerx.send(schedulerx.signed(action, given_))  # `Answer` checks the form

    call()
