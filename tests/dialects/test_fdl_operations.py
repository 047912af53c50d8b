"""The eight operations: each answers the same questions in the same order."""

import threading

import pytest
from fdl_platform import EVERYTHING, ROOT, START, operation

from fdl_trigger.auth.digest import sign
from fdl_trigger.dialects.finedatalink.errors import ERRORS
from fdl_trigger.dialects.finedatalink.operations import OPERATIONS
from fdl_trigger.domain.clock import system_clock
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Counts, Grant
from fdl_trigger.domain.states import Reason, Trigger
from fdl_trigger.store.journal import NO_ENTRIES

ROUTES = [(wire.name, path, method) for wire in OPERATIONS for path in wire.paths for method in wire.methods]
NAMES = [wire.name for wire in OPERATIONS]
BY_TASK = [wire.name for wire in OPERATIONS if wire.key != "recordId"]


def error_code(code):
    return ERRORS[code].error_code


@pytest.fixture
def known(platform):
    """The identifiers of what exists: the task and a waiting instance of it."""
    return {"workId": platform.task.uid, "workName": platform.task.name, "recordId": platform.execute()}


def keyed(name, known):
    key = operation(name).key
    return {key: known[key]}


def is_result_of(wire, data, record_id):
    match wire.operation:
        case Operation.LIST:
            return [one["recordId"] for one in data] == [record_id]
        case Operation.READ:
            return data["recordId"] == record_id and data["nodes"] == []
        case Operation.EXECUTE:
            return list(data) == ["recordId"] and data["recordId"] != record_id
        case Operation.TERMINATE:
            return data["recordIds"] == [record_id]
    return False


@pytest.mark.parametrize("prefix", ["/webroot/decision", "/decision"])
@pytest.mark.parametrize("place", ["body", "query"])
@pytest.mark.parametrize(("name", "path", "method"), ROUTES)
def test_an_operation_works_at_every_path_it_is_known_by(platform, known, name, path, method, place, prefix):
    wire = operation(name)
    in_path = f"<{wire.key}>" in path
    request = {} if in_path else {"json" if place == "body" else "query_string": keyed(name, known)}
    address = prefix + "/sp/client/api" + path.replace(f"<{wire.key}>", known[wire.key])
    answer = platform.send(method, address, **request)
    assert answer.status == 200
    assert is_result_of(wire, answer.data, known["recordId"])
    assert answer.envelope == {
        "success": True,
        "code": "200",
        "message": "success",
        "data": answer.data,
        "errorCode": None,
        "errorMsg": None,
    }


@pytest.mark.parametrize("name", NAMES)
def test_an_operation_works_with_credentials_in_the_query_and_an_odd_content_type(platform, known, name):
    wire = operation(name)
    query = {**platform.credentials, **keyed(name, known)}
    answer = platform.send(
        wire.methods[0], ROOT + wire.paths[0], headers={}, query_string=query, data=b"{}", content_type="text/plain"
    )
    assert is_result_of(wire, answer.data, known["recordId"])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("headers", [{}, {"client_id": "0" * 32, "secret": "0" * 32}])
def test_an_operation_needs_authentication(platform, known, name, headers):
    answer = platform.call(name, keyed(name, known), headers=headers)
    assert (answer.status, answer.error) == (401, error_code("authentication_failed"))


@pytest.mark.parametrize("name", NAMES)
def test_an_operation_needs_its_grant(platform, known, name):
    others = [grant for grant in EVERYTHING if grant.operation is not operation(name).operation]
    poor = platform.runtime.access.create("poor", grants=others)
    headers = {"client_id": poor.client_id, "secret": poor.secret}
    answer = platform.call(name, keyed(name, known), headers=headers)
    assert (answer.status, answer.error) == (403, error_code("permission_denied"))


@pytest.mark.parametrize("name", NAMES)
def test_a_grant_on_another_task_shows_nothing_of_this_one(platform, known, name):
    other = platform.publish("other")
    wire = operation(name)
    narrow = platform.runtime.access.create("narrow", grants=[Grant(wire.operation, other.id)])
    headers = {"client_id": narrow.client_id, "secret": narrow.secret}
    answer = platform.call(name, keyed(name, known), headers=headers)
    missing = "instance_not_found" if wire.key == "recordId" else "task_not_found"
    assert (answer.status, answer.error) == (200, error_code(missing))


@pytest.mark.parametrize("name", NAMES)
def test_what_does_not_exist_is_not_found(platform, name):
    key = operation(name).key
    answer = platform.call(name, {key: "11111111-2222-3333-4444-555555555555"})
    missing = "instance_not_found" if key == "recordId" else "task_not_found"
    assert (answer.status, answer.error) == (200, error_code(missing))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("empty", [None, "blank"])
def test_an_operation_without_its_identifier_names_the_field(platform, name, empty):
    key = operation(name).key
    answer = platform.call(name, {key: ""} if empty else {})
    assert (answer.status, answer.error) == (200, error_code("invalid_parameter"))
    assert f"{key}: is required" in answer.envelope["errorMsg"]


def test_a_task_that_was_never_published_does_not_run(platform):
    draft = platform.save("draft")
    assert platform.call("execute_by_id", {"workId": draft.uid}).error == error_code("task_not_published")


def test_a_disabled_task_does_not_run(platform):
    platform.runtime.tasks.enable(uid=platform.task.uid, enabled=False)
    assert platform.call("execute_by_name", {"workName": "01数据同步"}).error == error_code("task_disabled")


def test_a_task_that_skips_further_triggers_says_so(platform):
    task = platform.publish("skipping", control={"instancePolicy": "skip"})
    platform.execute(task)
    assert platform.call("execute_by_id", {"workId": task.uid}).error == error_code("already_running")


@pytest.mark.parametrize("name", ["terminate_by_id", "terminate_by_name"])
def test_terminating_a_task_of_which_nothing_runs_says_so(platform, name):
    known = {"workId": platform.task.uid, "workName": platform.task.name}
    assert platform.call(name, keyed(name, known)).error == error_code("nothing_running")


def test_terminating_an_instance_twice_says_that_it_has_ended(platform):
    record = platform.execute()
    assert platform.call("terminate_record", {"recordId": record}).data == {"recordId": record, "recordIds": [record]}
    assert platform.call("terminate_record", {"recordId": record}).error == error_code("instance_finished")


def test_terminating_a_task_stops_what_runs_and_what_waits(platform):
    first, second = platform.execute(), platform.execute()
    platform.claim()
    assert platform.call("terminate_by_id", {"workId": platform.task.uid}).data == {"recordIds": [first, second]}
    assert {platform.info(one)["taskStatus"] for one in (first, second)} == {"INTERRUPT"}
    assert platform.info(first)["finishTime"] == START


def test_business_failures_have_a_real_status_where_that_is_set(build):
    platform = build(finedatalink={"business_http_status": True})
    answers = {
        404: platform.call("execute_by_id", {"workId": "unknown"}),
        400: platform.call("execute_by_id", {}),
        409: platform.call("terminate_by_id", {"workId": platform.task.uid}),
    }
    for status, answer in answers.items():
        assert answer.error
        assert answer.status == status


def test_an_instance_is_told_through_its_whole_life(platform, clock):
    record = platform.execute()
    assert platform.info(record)["taskStatus"] == "QUEUING"
    clock.now += 1000
    claim = platform.claim()
    running = platform.info(record)
    assert (running["taskStatus"], running["startTime"], running["runStartTime"]) == ("RUNNING", START, START + 1000)
    assert running["finishTime"] is None
    clock.now += 1000
    platform.runtime.store.instances.succeed(claim, Counts(pages=1, read=5, inserted=4, dirty=1), NO_ENTRIES)
    ended = platform.info(record)
    assert (ended["taskStatus"], ended["finishTime"], ended["lastRecord"]) == ("SUCCESS", START + 2000, True)
    assert (ended["readRows"], ended["writtenRows"], ended["dirtyDataNum"]) == (5, 4, 1)
    assert (ended["triggerMethod"], ended["triggerBy"]) == ("MANUAL", "reports")


@pytest.mark.parametrize(("reason", "word"), [(Reason.BUILD, "BUILD_FAIL"), (Reason.TIMEOUT, "ERROR")])
def test_a_failure_is_told_with_its_message(platform, reason, word):
    record = platform.execute()
    platform.runtime.store.instances.fail(platform.claim(), reason, "the source refused", Counts(), NO_ENTRIES)
    told = platform.info(record)
    assert (told["taskStatus"], told["reason"], told["message"]) == (word, str(reason), "the source refused")


def test_identifiers_are_found_in_upper_case_too(platform):
    assert platform.call("execute_by_id", {"workId": platform.task.uid.upper()}).data


def test_the_path_wins_over_the_body_and_the_body_over_the_query(platform):
    other = platform.publish("other")
    mine, theirs = platform.execute(), platform.execute(other)
    listed = platform.send("POST", f"{ROOT}/fdl/work/{other.uid}/records", json={"workId": platform.task.uid}).data
    assert [one["recordId"] for one in listed] == [theirs]
    query = {"workId": other.uid}
    listed = platform.send(
        "POST", f"{ROOT}/fdl/workId/records", json={"workId": platform.task.uid}, query_string=query
    ).data
    assert [one["recordId"] for one in listed] == [mine]


@pytest.mark.parametrize("params", [{"day": "2025-01-01"}, [{"name": "day", "value": "2025-01-01"}]])
def test_parameters_reach_the_instance_in_both_shapes(platform, params):
    record = platform.execute(params=params)
    assert platform.runtime.instances.get(record).params == {"day": "2025-01-01"}


@pytest.mark.parametrize("place", ["header", "query"])
def test_the_operating_user_is_recorded(platform, place):
    request = (
        {"headers": {**platform.credentials, "decUser": "ann"}}
        if place == "header"
        else {"query_string": "decUser=ann"}
    )
    record = platform.call("execute_by_id", {"workId": platform.task.uid}, **request).data["recordId"]
    assert platform.info(record)["triggerBy"] == "ann"


def listed(platform, **filters):
    data = platform.call("records_by_id", {"workId": platform.task.uid, **filters}).data
    return [one["recordId"] for one in data]


@pytest.fixture
def history(platform, clock):
    """Three instances a minute apart, oldest first: succeeded, running, waiting."""
    records = []
    for _ in range(3):
        records.append(platform.execute())
        clock.now += 60_000
    platform.succeed()
    platform.claim()
    return records


def test_instances_are_listed_newest_first_and_by_page(platform, history):
    first, second, third = history
    assert listed(platform) == [third, second, first]
    assert listed(platform, pageSize=2) == [third, second]
    assert listed(platform, pageSize=2, pageNum=2) == [first]
    assert listed(platform, pageSize="2", pageNum="3") == []


def test_a_list_without_a_page_size_has_a_cap(build):
    platform = build(finedatalink={"list_limit": 2})
    records = [platform.execute() for _ in range(3)]
    assert listed(platform) == records[:0:-1]


@pytest.mark.parametrize(
    ("filters", "places"),
    [
        ({"latest": True}, [2]),
        ({"latest": True, "taskStatus": "SUCCESS"}, [0]),
        ({"taskStatus": "SUCCESS"}, [0]),
        ({"taskStatus": "RUNNING"}, [1]),
        ({"taskStatus": "QUEUING"}, [2]),
        ({"taskStatus": "BUILDING"}, []),
        ({"taskStatus": "INVALID"}, []),
        ({"taskStatus": "FAIL"}, []),
        ({"taskStatus": ""}, [2, 1, 0]),
        ({"triggerMethod": "MANUAL"}, [2, 1, 0]),
        ({"triggerMethod": "FIX_TIME"}, []),
        ({"startTime": START + 60_000}, [2, 1]),
        ({"finishTime": str(START + 60_000)}, [1, 0]),
        ({"startTime": START + 60_000, "finishTime": START + 60_000}, [1]),
        ({"startTime": "", "finishTime": ""}, [2, 1, 0]),
        ({"startTime": "2025-10-16T03:09:00Z", "finishTime": "2025-10-16T03:09:00Z"}, [1]),
        ({"startTime": START + 1, "finishTime": START}, []),
    ],
)
def test_the_documented_filters_find_what_they_say(platform, history, filters, places):
    assert listed(platform, **filters) == [history[place] for place in places]


def test_scheduled_runs_are_found_as_fix_time(platform):
    record = platform.runtime.instances.execute(uid=platform.task.uid, trigger=Trigger.SCHEDULE).uid
    assert listed(platform, triggerMethod="FIX_TIME") == [record]
    assert listed(platform, triggerMethod="MANUAL") == []


def test_a_digest_signature_is_accepted_in_header_and_query_until_it_expires(platform, clock):
    signing = platform.runtime.access.create("signing", method="digest", grants=EVERYTHING, digest_algorithm="SM3")
    signature = sign(signing.client_id, signing.secret, clock.now, "SM3")
    credentials = {"client_id": signing.client_id, "_sign_": signature}
    body = {"workId": platform.task.uid}
    assert platform.call("execute_by_id", body, headers=credentials).data
    assert platform.call("execute_by_id", body, headers={}, query_string=credentials).data
    clock.now += 300_000
    late = platform.call("execute_by_id", body, headers=credentials)
    assert (late.status, late.error) == (401, error_code("credential_expired"))


def test_contradicting_credentials_are_refused(platform):
    answer = platform.call("execute_by_id", {"workId": platform.task.uid}, query_string={"client_id": "another"})
    assert (answer.status, answer.error) == (401, error_code("authentication_failed"))
    assert "client_id" in answer.envelope["errorMsg"]


def test_a_rate_is_told_with_the_time_to_wait(build):
    platform = build(limits={"application_rate": "2/hour"})
    body = {"workId": platform.task.uid}
    assert [platform.call("records_by_id", body).status for _ in range(2)] == [200, 200]
    refused = platform.call("records_by_id", body)
    assert (refused.status, refused.error) == (429, error_code("rate_limited"))
    assert 1 <= int(refused.headers["Retry-After"]) <= 3600


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["", "/", "/fdl/workId/execute", "/no/such/path"])
def test_without_a_token_every_call_under_platform_login_fails_to_authenticate(platform, method, path):
    answer = platform.send(method, f"{ROOT}/module{path}", json={"workId": platform.task.uid})
    assert (answer.status, answer.error) == (401, error_code("token_missing"))


@pytest.mark.parametrize(
    "path", ["/webroot/decision", "/decision/x", ROOT, f"{ROOT}/fdl/nothing", f"{ROOT}//fdl/workId/execute"]
)
def test_an_unknown_path_is_told_in_the_envelope(platform, path):
    answer = platform.send("POST", path)
    assert (answer.status, answer.error) == (404, error_code("path_not_found"))


@pytest.mark.parametrize(("name", "path", "_method"), ROUTES)
def test_a_wrong_method_is_told_with_the_right_ones(platform, name, path, _method):
    answer = platform.send("DELETE", ROOT + path)
    assert (answer.status, answer.error) == (405, error_code("method_not_allowed"))
    assert set(operation(name).methods) <= set(answer.headers["Allow"].split(", "))


def test_a_task_is_never_run_by_get(platform):
    assert platform.send("GET", f"{ROOT}/fdl/workId/execute?workId={platform.task.uid}").status == 405
    assert listed(platform) == []


def test_without_waiting_only_the_id_is_told(platform):
    assert list(platform.call("execute_by_id", {"workId": platform.task.uid, "wait": False}).data) == ["recordId"]


@pytest.fixture
def ticking(build):
    """A platform on the real clock, because waiting takes time."""
    return build(clock=system_clock, finedatalink={"wait_max_s": 30.0}, server={"threads": 2})


def test_a_wait_that_is_over_tells_the_state_so_far(ticking):
    told = ticking.call("execute_by_id", {"workId": ticking.task.uid, "wait": 0.01}).data
    assert (told["taskStatus"], told["recordId"]) == ("QUEUING", told["id"])


def test_a_wait_ends_with_the_run_and_more_calls_than_allowed_do_not_wait(ticking):
    told = []
    first = threading.Thread(
        target=lambda: told.append(ticking.call("execute_by_id", {"workId": ticking.task.uid, "wait": True}).data)
    )
    first.start()
    while not ticking.runtime.store.records.unfinished(ticking.task.id):
        first.join(0.01)
    second = ticking.call("execute_by_id", {"workId": ticking.task.uid, "wait": 30}).data
    assert second["taskStatus"] == "QUEUING"
    ticking.succeed(Counts(read=7))
    first.join(10)
    assert [(one["taskStatus"], one["readRows"]) for one in told] == [("SUCCESS", 7)]
