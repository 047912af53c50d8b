"""The operations under module/: the user of the token acts, applications play no role."""

import pytest
from fdl_people import MODULE, PASSWORD, bearer, log_in, module, person
from fdl_platform import ROOT, operation

from fdl_trigger.auth.token import fingerprint
from fdl_trigger.dialects.finedatalink.operations import OPERATIONS
from fdl_trigger.domain.users import Role

ROUTES = [(wire.name, path) for wire in OPERATIONS for path in wire.paths]
ANSWERING = [wire for wire in OPERATIONS if not getattr(wire, "streams", False)]
READING = {"records_by_id", "records_by_name", "record_info"}


@pytest.fixture
def token(platform):
    return person(platform)


def operator_of(platform, record_id):
    return platform.runtime.instances.get(record_id).trigger_by


def target(platform, path, headers):
    """Fill in a path and its body so that the operation works."""
    record = module(platform, "execute_by_id", {"workId": platform.task.uid}, headers=headers).data["recordId"]
    values = {"workId": platform.task.uid, "workName": platform.task.name, "recordId": record}
    for key, value in values.items():
        path = path.replace(f"<{key}>", value)
    return path, values


@pytest.mark.parametrize(("name", "path"), [(wire.name, path) for wire in ANSWERING for path in wire.paths])
def test_every_path_works_with_a_token(platform, token, name, path):
    path, values = target(platform, path, bearer(token))
    wire = operation(name)
    for method in wire.methods:
        request = {"query_string": values} if method == "GET" else {"json": values}
        assert platform.send(method, MODULE + path, headers=bearer(token), **request).data is not None


@pytest.mark.parametrize(("name", "path"), ROUTES)
def test_no_path_works_without_one_or_with_an_application(platform, name, path):
    method = operation(name).methods[0]
    for headers in ({}, platform.credentials):
        answer = platform.send(method, MODULE + path, headers=headers, query_string=platform.credentials)
        assert (answer.status, answer.error) == (401, "21300014")


@pytest.mark.parametrize("wire", OPERATIONS, ids=lambda wire: wire.name)
def test_a_token_lets_nobody_in_elsewhere(platform, token, wire):
    answer = platform.send(
        wire.methods[0], ROOT + wire.paths[0], headers=bearer(token), query_string={"fine_auth_token": token}
    )
    assert answer.status == 401
    assert answer.error.startswith("62401")


def test_the_operator_is_the_user_whatever_decuser_says(platform, token):
    platform.runtime.users.create("li", PASSWORD)
    body = {"workId": platform.task.uid}
    for request in (
        {"headers": {**bearer(token), "decUser": "li"}},
        {"headers": bearer(token), "query_string": {"decUser": "li"}},
    ):
        record = module(platform, "execute_by_id", body, **request).data["recordId"]
        assert operator_of(platform, record) == "wang"
    odd = module(platform, "execute_by_id", body, headers=bearer(token), query_string={"decUser": ["a", "b"]})
    assert odd.status == 200


def test_an_applications_settings_play_no_role(platform, token):
    platform.runtime.access.enable(platform.application.client_id, False)
    answer = module(
        platform, "execute_by_id", {"workId": platform.task.uid}, headers={**bearer(token), **platform.credentials}
    )
    assert operator_of(platform, answer.data["recordId"]) == "wang"


def test_the_three_carriers_and_who_wins(platform, token):
    good, bad = token, token[:-4] + "AAAA"
    body = {"workId": platform.task.uid}

    def status(header=None, cookie=None, query=None):
        headers = bearer(header) if header else {}
        if cookie:
            headers["Cookie"] = f"fine_auth_token={cookie}"
        return module(
            platform, "records_by_id", body, headers=headers, query_string={"fine_auth_token": query} if query else {}
        ).status

    assert [status(header=good), status(cookie=good), status(query=good)] == [200, 200, 200]
    assert [status(header=good, cookie=bad, query=bad), status(cookie=good, query=bad)] == [200, 200]
    assert [status(header=bad, cookie=good, query=good), status(cookie=bad, query=good), status(query=bad)] == [401] * 3


def test_a_cookie_is_not_taken_from_a_page_of_another_site(platform, token):
    headers = {"Cookie": f"fine_auth_token={token}", "Origin": "http://evil.example.com"}
    answer = module(platform, "execute_by_id", {"workId": platform.task.uid}, headers=headers)
    assert (answer.status, answer.error) == (401, "21300014")


def test_expired_unreadable_and_revoked_have_their_own_codes(platform, token, clock):
    body = {"workId": platform.task.uid}
    kept = log_in(platform, validity=-2)
    assert module(platform, "records_by_id", body, headers=bearer("x" * 200_000)).error == "21300019"
    clock.now += 3_600_000
    assert module(platform, "records_by_id", body, headers=bearer(token)).error == "21300001"
    assert module(platform, "records_by_id", body, headers=bearer(kept)).status == 200
    platform.runtime.users.set_password("wang", "another password")
    assert module(platform, "records_by_id", body, headers=bearer(kept)).error == "21300019"


def test_disabling_deleting_and_coming_back_let_no_old_token_in(platform, token):
    body = {"workId": platform.task.uid}
    platform.runtime.users.enable("wang", False)
    platform.runtime.users.enable("wang", True)
    assert module(platform, "records_by_id", body, headers=bearer(token)).error == "21300019"
    fresh = log_in(platform)
    platform.runtime.users.delete("wang")
    platform.runtime.users.create("wang", PASSWORD, role=Role.ADMIN)
    assert module(platform, "records_by_id", body, headers=bearer(fresh)).error == "21300019"


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("wire", ANSWERING, ids=lambda wire: wire.name)
def test_a_role_opens_what_it_is_there_for(platform, role, wire):
    token = person(platform, "zhao", role)
    record = platform.execute()
    body = {"workId": platform.task.uid, "workName": platform.task.name, "recordId": record}
    answer = module(platform, wire.name, {wire.key: body[wire.key]}, headers=bearer(token))
    allowed = role is not Role.VIEWER or wire.name in READING
    assert (answer.status, answer.envelope["errorCode"]) == ((200, None) if allowed else (403, "62403001"))


def test_a_user_limited_to_folders_sees_no_other_task(platform):
    inside = platform.publish("inside", folder="/sales/daily")
    outside = platform.publish("outside", folder="/salesforce")
    hidden = platform.execute(outside)
    token = person(platform, "sun", Role.OPERATOR, "/sales")
    record = module(platform, "execute_by_id", {"workId": inside.uid}, headers=bearer(token)).data["recordId"]
    assert module(platform, "record_info", {"recordId": record}, headers=bearer(token)).data["workName"] == "inside"
    missing = "00000000-0000-0000-0000-000000000000"
    for name, key, there in [
        ("execute_by_id", "workId", outside.uid),
        ("records_by_id", "workId", outside.uid),
        ("terminate_by_id", "workId", outside.uid),
        ("record_info", "recordId", hidden),
        ("terminate_record", "recordId", hidden),
    ]:
        told = {
            str(module(platform, name, {key: uid}, headers=bearer(token)).envelope).replace(uid, "")
            for uid in (there, missing)
        }
        assert len(told) == 1, name


def test_what_is_not_there_is_told_only_to_whoever_has_a_token(platform, token):
    for method in ("GET", "POST", "DELETE"):
        assert platform.send(method, f"{MODULE}/no/such/path", headers={}).status == 401
        assert platform.send(method, f"{MODULE}/no/such/path", headers=bearer(token)).status == 404
    wrong = platform.send("DELETE", f"{MODULE}/fdl/workId/execute", headers=bearer(token))
    assert (wrong.status, wrong.headers["Allow"]) == (405, "POST")


def test_a_refused_token_is_in_the_audit_log(platform, token):
    module(platform, "execute_by_id", {"workId": platform.task.uid}, headers=bearer("rubbish"))
    viewer = person(platform, "zhou", Role.VIEWER)
    module(platform, "execute_by_id", {"workId": platform.task.uid}, headers=bearer(viewer))
    platform.runtime.store.ping()
    rows = [
        (one.entry.action, one.entry.actor, one.entry.reason)
        for one in platform.runtime.audit.list()
        if one.entry.outcome == "refused"
    ]
    assert rows == [
        ("task.execute", "zhou", "not granted"),
        ("task.execute", fingerprint("rubbish"), "token_invalid"),
    ]


def test_a_token_that_keeps_failing_is_slowed_down_and_others_are_not(build):
    platform = build(limits={"failed_logins": "3/hour"})
    good = person(platform)
    body = {"workId": platform.task.uid}
    for headers in (bearer("rubbish"), {}):
        statuses = [module(platform, "records_by_id", body, headers=headers).status for _ in range(5)]
        assert statuses == [401, 401, 401, 429, 429]
    assert module(platform, "records_by_id", body, headers=bearer(good)).status == 200


def test_an_application_names_an_operator_who_must_exist_once_there_are_users(platform):
    body = {"workId": platform.task.uid}

    def run(name):
        return platform.call("execute_by_id", body, headers={**platform.credentials, "decUser": name})

    assert operator_of(platform, run("anybody").data["recordId"]) == "anybody"
    wang = platform.runtime.users.create("wang", PASSWORD, role=Role.VIEWER)
    assert operator_of(platform, run("wang").data["recordId"]) == "wang"
    assert operator_of(platform, run(wang.uid).data["recordId"]) == "wang"
    assert (run("anybody").status, run("anybody").error) == (401, "62401001")
    platform.runtime.users.enable("wang", False)
    assert run("wang").status == 401
    assert operator_of(platform, platform.execute()) == "reports"
