"""Tasks and connections over the admin API: nothing secret leaves, nothing secret is lost."""

import pytest

TOKEN = "token-of-the-source-93f1"
SECRETS = (TOKEN, "header-secret-77aa", "pass-of-url-12", "value-of-param-55", "in-the-body-31")
SOURCE = {
    "type": "API",
    "method": "POST",
    "url": "https://reader:pass-of-url-12@api.example.com/rows?day=1",
    "authorization": {"type": "BEARER", "token": TOKEN},
    "headers": [{"name": "Accept", "value": "application/json"}, {"name": "X-Seal", "value": "header-secret-77aa"}],
    "params": {"access_token": "value-of-param-55", "day": "today"},
    "body": {"type": "JSON", "content": '{"password": "in-the-body-31", "size": 5}'},
    "jsonPath": "$[*]",
}


def document(**source):
    target = {"connection": "out", "table": "t", "mode": "AUTO_CREATE", "fields": [{"name": "id", "type": "INTEGER"}]}
    config = {
        "source": {**SOURCE, **source},
        "target": target,
        "mapping": [{"source": "id", "target": "id"}],
        "write": {"method": "DIRECT", "keys": ["id"], "conflict": "UPDATE"},
    }
    return {"workName": "orders", "nodes": [{"id": "copy", "type": "DATA_SYNC", "config": config}]}


@pytest.fixture
def saved(desk):
    desk.ok("PUT", "/connections/out", {"kind": "sqlite", "settings": {"path": "out.db"}})
    return desk.ok("POST", "/tasks", document())


def test_a_task_is_saved_published_disabled_and_deleted(desk, saved):
    path = f"/tasks/{saved['workId']}"
    assert saved["version"] is None
    assert desk.ok("POST", f"{path}/publication")["version"] == 1
    assert desk.ok("PATCH", path, {"enabled": False})["enabled"] is False
    assert [one["workName"] for one in desk.ok("GET", "/tasks")["items"]] == ["orders"]
    desk.ok("DELETE", path)
    assert desk.problem("GET", path) == (404, "task_not_found")


def test_no_answer_holds_a_secret_of_a_task(desk, saved):
    path = f"/tasks/{saved['workId']}"
    desk.ok("POST", f"{path}/publication")
    for text in (str(saved), desk.send("GET", path).get_data(as_text=True), str(desk.ok("GET", "/audit"))):
        assert [one for one in SECRETS if one in text] == []
    source = saved["draft"]["nodes"][0]["config"]["source"]
    assert source["authorization"] == {"type": "BEARER", "token": "******"}
    assert source["headers"][0]["value"] == "application/json"
    assert source["params"] == {"access_token": "******", "day": "today"}
    assert saved["draft"]["nodes"][0]["config"]["write"]["keys"] == ["id"]


def test_a_masked_draft_that_comes_back_keeps_its_secrets(desk, saved):
    masked = saved["draft"]
    masked["description"] = "changed"
    assert desk.ok("POST", "/tasks", masked)["description"] == "changed"
    kept = desk.runtime.tasks.get(uid=saved["workId"]).draft["nodes"][0]["config"]["source"]
    assert kept == SOURCE


def test_a_moved_header_keeps_its_secret_by_its_name(desk, saved):
    masked = saved["draft"]
    masked["nodes"][0]["config"]["source"]["headers"].reverse()
    desk.ok("POST", "/tasks", masked)
    kept = desk.runtime.tasks.get(uid=saved["workId"]).draft["nodes"][0]["config"]["source"]
    assert kept["headers"] == SOURCE["headers"][::-1]


def test_a_mask_without_a_secret_behind_it_is_refused(desk, saved):
    masked = saved["draft"]
    masked["nodes"][0]["config"]["source"]["headers"].append({"name": "X-New", "value": "******"})
    assert desk.problem("POST", "/tasks", masked) == (422, "invalid_parameter")
    assert desk.problem(
        "POST", "/tasks", {**document(authorization={"type": "BEARER", "token": "******"}), "workName": "other"}
    ) == (422, "invalid_parameter")


def test_a_mistake_in_a_task_is_told_by_its_key(desk):
    answer = desk.send("POST", "/tasks", {"workName": "x", "nodes": [{"id": "n", "type": "NOPE"}]}).get_json()
    assert answer["code"] == "definition_invalid"
    assert answer["problems"][0]["key"] == "nodes[0].type"


def test_the_settings_of_a_connection_are_masked_and_kept(desk):
    settings = {"authorization": {"type": "BEARER", "token": TOKEN}, "headers": [{"name": "X-A", "value": "abc-77"}]}
    shown = desk.ok("PUT", "/connections/api", {"kind": "api", "settings": settings})
    assert TOKEN not in str(shown)
    assert "abc-77" not in str(shown)
    shown["settings"]["headers"].append({"name": "X-B", "value": "new"})
    desk.ok("PUT", "/connections/api", {"kind": "api", "settings": shown["settings"]})
    kept = desk.runtime.connections.get("api").settings
    assert kept["authorization"]["token"] == TOKEN
    assert [one["value"] for one in kept["headers"]] == ["abc-77", "new"]
    assert TOKEN not in desk.send("GET", "/connections").get_data(as_text=True)
    desk.ok("DELETE", "/connections/api")
    assert desk.problem("GET", "/connections/api") == (404, "object_not_found")


def test_a_viewer_reads_tasks_and_changes_none(desk, saved):
    path = f"/tasks/{saved['workId']}"
    assert desk.ok("GET", path, role="viewer")["workName"] == "orders"
    for method, where, body in (
        ("POST", "/tasks", document()),
        ("PATCH", path, {"enabled": False}),
        ("POST", f"{path}/publication", None),
        ("DELETE", path, None),
        ("PUT", "/connections/out", {"kind": "sqlite", "settings": {"path": "x"}}),
    ):
        assert desk.problem(method, where, body, role="viewer") == (403, "permission_denied")


def test_who_is_limited_to_folders_sees_no_other_task(desk, saved):
    desk.ok("POST", "/users", {"name": "li", "password": "a long password 123", "folders": ["/other"]})
    token = desk.log_in("li", "a long password 123").get_json()["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert desk.ok("GET", "/tasks", role=None, headers=bearer)["items"] == []
    hidden = desk.problem("GET", f"/tasks/{saved['workId']}", role=None, headers=bearer)
    assert hidden == desk.problem("GET", f"/tasks/{saved['workId'][:-4]}0000") == (404, "task_not_found")
