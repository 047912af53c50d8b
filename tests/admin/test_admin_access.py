"""Applications, keys, users and tokens over the admin API."""

import pytest
from admin_desk import PASSWORD

MISSING = "0" * 32


def create(desk, **values):
    return desk.ok("POST", "/applications", {"name": "reports", **values})


def test_a_secret_is_shown_when_an_application_is_made_and_never_again(desk):
    created = create(desk)
    assert len(created["secret"]) == 32
    client_id = created["clientId"]
    assert desk.runtime.access.get(client_id).secret == created["secret"]
    for path in ("/applications", f"/applications/{client_id}", f"/applications/{client_id}/keys", "/audit"):
        assert created["secret"] not in desk.send("GET", path).get_data(as_text=True)


def test_applications_are_listed_in_pages(desk):
    ids = [create(desk, name=f"app {number}")["clientId"] for number in range(5)]
    listed = desk.ok("GET", "/applications?limit=2&offset=1")
    assert [one["clientId"] for one in listed["items"]] == ids[1:3]
    assert listed["total"] == 5


def test_an_application_is_disabled_enabled_and_deleted(desk):
    path = f"/applications/{create(desk)['clientId']}"
    assert desk.ok("PATCH", path, {"enabled": False})["enabled"] is False
    assert desk.ok("PATCH", path, {"enabled": True})["enabled"] is True
    desk.ok("DELETE", path)
    assert desk.problem("GET", path) == (404, "object_not_found")


def test_grants_are_given_and_taken(desk):
    path = f"/applications/{create(desk)['clientId']}/grants"
    grants = {"grants": [{"operation": "execute"}, {"operation": "read", "workId": None}]}
    assert [one["operation"] for one in desk.ok("POST", path, grants)["grants"]] == ["execute", "read"]
    left = desk.ok("POST", f"{path}/revocation", {"grants": [{"operation": "read"}]})["grants"]
    assert left == [{"operation": "execute", "workId": None, "workName": None}]


@pytest.mark.parametrize("operation", ["manage_access", "manage_tasks", "read_audit", "fly"])
def test_an_application_is_never_granted_what_only_users_may(desk, operation):
    grants = {"grants": [{"operation": operation}]}
    assert desk.problem("POST", "/applications", {"name": "x", **grants}) == (422, "invalid_parameter")


def test_a_grant_on_a_missing_task_is_refused(desk):
    grants = [{"operation": "read", "workId": "00000000-0000-0000-0000-000000000000"}]
    assert desk.problem("POST", "/applications", {"name": "x", "grants": grants}) == (404, "task_not_found")


def test_a_key_is_rotated_and_the_old_one_disabled(desk):
    created = create(desk)
    path = f"/applications/{created['clientId']}/keys"
    [old] = desk.ok("GET", path)["items"]
    new = desk.ok("POST", path, {"expireOldSeconds": 60})
    assert new["secret"] != created["secret"]
    assert [one["live"] for one in desk.ok("GET", path)["items"]] == [True, True]
    desk.ok("DELETE", f"{path}/{old['id']}")
    assert [one["disabled"] for one in desk.ok("GET", path)["items"]] == [True, False]
    assert new["secret"] not in desk.send("GET", path).get_data(as_text=True)
    assert desk.problem("DELETE", f"{path}/99") == (404, "object_not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/applications/{MISSING}"),
        ("DELETE", f"/applications/{MISSING}"),
        ("GET", f"/applications/{MISSING}/keys"),
        ("DELETE", f"/applications/{MISSING}/keys/1"),
        ("GET", "/users/nobody"),
        ("DELETE", "/users/nobody"),
        ("DELETE", "/tokens/nothing"),
    ],
)
def test_what_is_missing_is_said_so(desk, method, path):
    status, code = desk.problem(method, path)
    assert (status, code.endswith("_not_found")) == (404, True)


def test_a_user_is_made_changed_and_deleted(desk):
    made = desk.ok("POST", "/users", {"name": "li", "password": PASSWORD, "role": "operator", "folders": ["/a"]})
    assert (made["role"], made["folders"], made["enabled"]) == ("operator", ["/a"], True)
    assert "password" not in " ".join(made)
    changed = desk.ok("PATCH", "/users/li", {"role": "viewer", "folders": [], "enabled": False})
    assert (changed["role"], changed["folders"], changed["enabled"]) == ("viewer", [], False)
    desk.ok("DELETE", "/users/li")
    assert desk.problem("GET", "/users/li") == (404, "user_not_found")


def test_a_user_with_a_slash_in_the_name_is_reached_by_uid(desk):
    made = desk.ok("POST", "/users", {"name": "a/b", "password": PASSWORD})
    assert desk.problem("GET", "/users/a/b") == (404, "path_not_found")
    assert desk.ok("PATCH", f"/users/{made['uid']}", {"enabled": False})["name"] == "a/b"
    desk.ok("PUT", f"/users/{made['uid']}/password", {"password": "another long password 9"})
    desk.ok("DELETE", f"/users/{made['uid']}")
    assert desk.problem("GET", f"/users/{made['uid']}") == (404, "user_not_found")


def test_a_new_password_ends_the_old_one_and_its_logins(desk):
    desk.token("viewer")
    token = desk.log_in("the viewer").get_json()["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert desk.send("GET", "/tasks", role=None, headers=bearer).status_code == 200
    desk.ok("PUT", "/users/the viewer/password", {"password": "another long password 9"})
    assert desk.problem("GET", "/tasks", role=None, headers=bearer) == (401, "token_invalid")
    assert desk.log_in("the viewer").status_code == 401
    assert desk.log_in("the viewer", "another long password 9").status_code == 201


def test_logins_are_listed_without_their_tokens_and_ended(desk):
    token = desk.token("viewer")
    text = desk.send("GET", "/tokens").get_data(as_text=True)
    assert token not in text
    assert token.rpartition(".")[2] not in text
    [login] = [one for one in desk.ok("GET", "/tokens")["items"] if one["userName"] == "the viewer"]
    desk.ok("DELETE", f"/tokens/{login['id']}")
    assert desk.problem("GET", "/tasks", role="viewer") == (401, "token_invalid")


def test_a_wrong_password_and_an_unknown_user_are_told_alike(desk):
    desk.token("admin")
    wrong = desk.log_in("the admin", "wrong").get_json()
    unknown = desk.log_in("nobody at all").get_json()
    assert {**wrong, "requestId": ""} == {**unknown, "requestId": ""}
    assert wrong["code"] == "login_failed"


@pytest.mark.parametrize("role", ["operator", "viewer"])
@pytest.mark.parametrize("path", ["/applications", "/users", "/tokens", "/audit", "/connections"])
def test_who_is_no_administrator_may_not_look(desk, role, path):
    assert desk.problem("GET", path, role=role) == (403, "permission_denied")


def test_changes_are_audited_with_who_and_from_where(desk):
    answer = desk.send("POST", "/applications", {"name": "reports"})
    [entry] = desk.ok("GET", f"/audit?requestId={answer.headers['X-Request-Id']}")["items"]
    assert (entry["actor"], entry["action"], entry["target"]) == ("the admin", "application.create", "reports")
    assert entry["address"] == "127.0.0.1"


def test_the_audit_log_is_read_in_pages_and_verified(desk):
    for _ in range(3):
        create(desk)
    first = desk.ok("GET", "/audit?limit=2")
    second = desk.ok("GET", f"/audit?limit=2&before={first['next']}")
    numbers = [one["id"] for one in first["items"] + second["items"]]
    assert numbers == list(range(numbers[0], numbers[0] - 4, -1))
    found = desk.ok("GET", "/audit/verification")
    assert (found["broken"], found["rows"]) == (None, desk.ok("GET", "/audit?limit=1")["items"][0]["id"])
