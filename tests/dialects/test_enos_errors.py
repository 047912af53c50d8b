"""Every error in the frame of this wire, and every operation × everything that can be wrong with a call of it."""

import json

import pytest
from enos_service import NOW, ORG, enos_service
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fdl_trigger.dialects.enos import answers
from fdl_trigger.dialects.enos.errors import BAD_BODY, BAD_PARAMETER, ERRORS
from fdl_trigger.dialects.enos.operations import OPERATIONS, ROOT
from fdl_trigger.domain.errors import error_codes
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Counts, Grant, NodeRun
from fdl_trigger.domain.states import State
from fdl_trigger.store.journal import JournalEntries

GUARDED = [one for one in OPERATIONS if one.path != "time"]
# What each operation cannot do without; a number that names nothing is told apart from none at all.
NEEDS = {
    "triggerFromTask": ("flowId", "taskId", "triggerTime"),
    "trigger": ("flowId", "triggerTime"),
    "updateAndTrigger": ("flowId", "triggerTime"),
    "enable": ("flowId",),
    "disable": ("flowId",),
    "delete": ("flowId",),
    "export": ("flowId",),
    "loadForEdit": ("flowId",),
    "cancel": ("flowInstId",),
    "getLog": ("taskInstId",),
    "save": ("name",),
    "import": ("flowJson",),
    "create": ("dirName",),
}
READS = {"flows": "flowId", "flowInstances": "flowInstId", "taskInstances": "taskInstId"}
ids = pytest.mark.parametrize("wire", GUARDED, ids=lambda one: f"{one.path}-{one.action}")


def needs(wire):
    return (READS[wire.path],) if wire.action == "get" else NEEDS.get(wire.action, ())


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with enos_service(tmp_path_factory.mktemp("enos")) as service:
        service.minute = 0
        yield service


def good(service, wire):
    """Arguments that work, of things made for this call."""
    service.minute += 1
    at = NOW - service.minute * 60_000
    flow = service.publish(f"flow {service.minute}")
    if wire.action == "getLog":
        return None  # nothing logs without an engine; tests/dialects/test_enos_operations.py asks for logs
    number = service.runtime.numbers.of_nodes(flow.id, ["b"])["b"]
    triggered = service.call("flows", "trigger", {"flowId": flow.id, "triggerTime": at})["flowInstanceId"]
    if wire.path == "taskInstances":
        _run_everything(service)
    return {
        "flowId": flow.id,
        "taskId": number,
        "triggerTime": at + 30 * 86_400_000,
        "flowInstId": triggered,
        "taskInstId": f"{number}-{triggered.partition('-')[2]}",
        "name": f"saved {service.minute}",
        "flowJson": {"name": f"imported {service.minute}", "tasks": [{"name": "t", "type": "VIRTUAL"}]},
        "dirName": f"made {service.minute}",
        "id": None,
    }


def arguments(service, wire):
    found = good(service, wire) or {}
    return {name: value for name, value in found.items() if name in needs(wire)}


def _run_everything(service):
    instances = service.runtime.store.instances
    while claims := instances.claim_due(100, "test"):
        for claim in claims:
            run = NodeRun("b", "b", State.SUCCEEDED, 1, NOW, NOW, Counts(), None)
            instances.succeed(claim, Counts(), JournalEntries(node_runs=(run,)))


def test_every_domain_error_has_a_code_and_a_text_here() -> None:
    assert set(error_codes()) == set(ERRORS)


@pytest.mark.parametrize("code", sorted(error_codes()))
def test_an_error_is_told_in_the_frame(service, code) -> None:
    with service.app.test_request_context():
        answer = answers.failure(error_codes()[code]())
    frame = answer.get_json()
    assert list(frame) == ["code", "msg", "data"]
    assert (frame["data"], frame["code"] != 0, bool(frame["msg"])) == (None, True, True)
    is_business = frame["code"] > 62000
    assert answer.status_code == (200 if is_business else frame["code"])
    assert "apim_status" not in frame


@ids
def test_it_works(service, wire) -> None:
    if wire.action == "getLog":
        return
    service.call(wire.path, wire.action, arguments(service, wire))


@ids
def test_without_authentication_it_is_refused(service, wire) -> None:
    answer = service.ask(wire.path, wire.action, headers={})
    assert (answer.status_code, answer.get_json()["code"]) == (401, 401)


@ids
def test_without_the_grant_it_is_refused(service, wire) -> None:
    grants = [Grant(one) for one in Operation if one is not wire.permission]
    poor = service.runtime.access.create("poor", grants=grants)
    given = {"flowId": 1, "taskId": 1, "triggerTime": 1, "name": "n", "flowJson": {"tasks": []}, "dirName": "d"}
    given |= {"flowInstId": f"{service.flow.id}-20200706062600", "taskInstId": "1-20200706062600"}
    service.task_ids()
    code, _ = service.refused(wire.path, wire.action, given, application=poor)
    assert code == 62103
    service.runtime.access.delete(poor.client_id)


@ids
@pytest.mark.parametrize(
    "query", [{"user": "nobody"}, {"org": "o16"}, {"user": ""}, {"org": ""}, {"user": "x" * 999}], ids=str
)
def test_users_there_are_not_are_refused(service, wire, query) -> None:
    assert service.refused(wire.path, wire.action, {}, **query)[0] == 62101


@ids
def test_what_is_missing_or_names_nothing_is_told(service, wire) -> None:
    for name in needs(wire):
        whole = dict.fromkeys(needs(wire), "999999")
        for value in (None, "", [], {}, True, 1.5, 2**60, -1, *(() if name in ("name", "dirName") else ("x",))):
            given = {**whole, name: value}
            if wire.method == "GET":
                given = {key: str(one) for key, one in given.items() if one is not None}
            code, _ = service.refused(wire.path, wire.action, given)
            assert code == 62102, (name, value)


@pytest.mark.parametrize("wire", [one for one in GUARDED if one.method == "POST"], ids=lambda one: one.action)
@pytest.mark.parametrize(
    "body", [b"[]", b"{", b"5", b'"x"', b"\xff\xfe", b'{"a":1,"a":2}', b'{"a":NaN}', b"[" * 50_000, b'{"a":"\\ud800"}']
)
def test_a_body_that_is_no_json_object_is_told_so(service, wire, body) -> None:
    assert service.refused(wire.path, wire.action, body) == (62102, BAD_BODY)


@ids
def test_an_unknown_action_and_doubled_parameters_are_told(service, wire) -> None:
    query = f"action={wire.action}&userId=u+1&orgId={ORG}"
    for text in (query.replace(wire.action, "Nothing"), query + "&orgId=x", query + "&x=%00"):
        answer = service.app.test_client().open(
            f"{ROOT}/{wire.path}?{text}", method=wire.method, headers=service.signed(text, b"")
        )
        assert (answer.status_code, answer.get_json()) == (200, {"code": 62102, "msg": BAD_PARAMETER, "data": None})


@pytest.mark.parametrize("path", ["/x", "/flows/x", "/time/x"])
def test_a_path_there_is_not_and_a_wrong_method_are_told_in_the_frame(service, path) -> None:
    answer = service.app.test_client().get(ROOT + path)
    assert (answer.status_code, answer.get_json()["code"]) == (404, 404)
    answer = service.app.test_client().delete(f"{ROOT}/flows")
    assert (answer.status_code, answer.get_json()["code"], answer.headers["Allow"]) == (405, 405, "GET, HEAD, POST")


def test_a_body_that_is_too_large_is_told_in_the_frame(service) -> None:
    body = json.dumps({"flowId": 1, "x": "y" * 2_000_000}).encode()
    answer = service.ask("flows", "trigger", body)
    assert (answer.status_code, answer.get_json()["code"]) == (413, 413)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"pagination": 5}, 62102),
        ({"pagination": {"pageSize": -1}}, 62102),
        ({"pagination": {"pageSize": 10**9}}, 62102),
        ({"pagination": {"pageNo": 2**60}}, 62102),
        ({"pagination": {"sorters": 5}}, 62102),
        ({"status": "x"}, 62102),
        ({"status": "11"}, 62102),
        ({"status": True}, 62102),
        ({"type": 9}, 62102),
        ({"owner": 1.5}, 62102),
        ({"expression": 5}, 62102),
        ({"fromTriggerTime": "yesterday"}, 62102),
        ({"pagination": {"pageNo": 0, "pageSize": 1000, "sorters": []}}, 0),
        ({"pagination": {"pageNo": 10**9}}, 0),
        ({"fromTriggerTime": -1, "toTriggerTime": 2**53}, 0),
    ],
    ids=str,
)
def test_a_search_that_makes_no_sense_is_told_so(service, body, code) -> None:
    assert service.ask("flowInstances", "search", body).get_json()["code"] == code


@pytest.mark.parametrize("at", [-1, 253_402_300_800_000, 2**53 + 1, "1e3", "-", "1" * 30])
def test_a_trigger_time_no_id_can_hold_is_refused(service, at) -> None:
    assert service.refused("flows", "trigger", {"flowId": service.flow.id, "triggerTime": at}) == (62102, BAD_BODY)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = st.sampled_from(
    [
        "flowId",
        "taskId",
        "triggerTime",
        "parameters",
        "flowInstId",
        "type",
        "owner",
        "fromTriggerTime",
        "status",
        "expression",
        "pagination",
        "id",
        "name",
        "owners",
        "visitors",
        "freq",
        "tasks",
        "relations",
        "desc",
        "active",
        "flowName",
        "dirId",
        "flowJson",
        "dirName",
        "parentId",
    ]
)
_TASKS = st.lists(st.dictionaries(st.sampled_from(["name", "type", "cmd", "retryLimit", "id"]), _JSON, max_size=5))
_RELATIONS = st.lists(st.dictionaries(st.sampled_from(["source", "target", "sourceTaskName"]), _JSON, max_size=3))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    wire=st.sampled_from([one for one in GUARDED if one.method == "POST"]),
    body=st.dictionaries(_FIELDS, _JSON | _TASKS | _RELATIONS, max_size=6),
    with_flow=st.booleans(),
)
def test_no_body_breaks_the_frame(service, wire, body, with_flow) -> None:
    if with_flow:
        body = {**body, "flowId": service.flow.id}
    answer = service.ask(wire.path, wire.action, json.dumps(body).encode())
    frame = answer.get_json()
    assert (answer.status_code, list(frame)) == (200, ["code", "msg", "data"])
    assert frame["code"] in (0, 62102, 62103, 62104), frame


@settings(max_examples=80, deadline=None)
@given(
    wire=st.sampled_from([one for one in GUARDED if one.method == "GET"]),
    query=st.dictionaries(
        st.sampled_from(["flowId", "flowInstId", "taskInstId", "maxLength", "expression"]),
        st.text(st.characters(blacklist_categories=("Cs",)), max_size=30) | st.integers().map(str),
    ),
)
def test_no_query_breaks_the_frame(service, wire, query) -> None:
    answer = service.ask(wire.path, wire.action, query)
    frame = answer.get_json()
    assert (answer.status_code, list(frame)) == (200, ["code", "msg", "data"])
    assert frame["code"] in (0, 62102, 62103, 62104, 62109), frame
