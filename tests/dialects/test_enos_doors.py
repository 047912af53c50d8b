"""Who gets in: the token service, signatures, blocks, and modes that are switched off."""

import base64

import pytest
from Cryptodome.Cipher import PKCS1_OAEP
from Cryptodome.PublicKey import RSA
from enos_service import EVERYTHING, NOW, ORG, USER, enos_runtime, enos_service, operation

from fdl_trigger.auth import enos
from fdl_trigger.dialects.enos.operations import ROOT, TOKEN_ROOT
from fdl_trigger.domain.audit import AuditEntry

REFUSED = {"code": 401, "msg": "Invalid authentication credentials", "data": None}


@pytest.fixture
def service(tmp_path):
    with enos_service(tmp_path) as service:
        yield service


def hyphened(text: str) -> str:
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def block(service, key: str, secret: str) -> str:
    public = service.app.test_client().get("/enos/public-key").get_json()["data"]
    cipher = PKCS1_OAEP.new(RSA.import_key(base64.b64decode(public)))
    return base64.b64encode(cipher.encrypt(f"123456${key}${secret}${'a' * 64}${'b' * 64}".encode())).decode()


def test_a_second_get_answers_the_same_token_with_what_is_left_of_its_life(service) -> None:
    first = service.get_token()
    assert (first["status"], first["msg"], first["business"]) == (0, "SUCCESS", "apim-token-service")
    assert first["data"]["expire"] == 7200
    service.clock.now += 10_000
    second = service.get_token()
    assert second["data"] == {"accessToken": first["data"]["accessToken"], "expire": 7190}
    renewed = service.get_token(accessToken=first["data"]["accessToken"])["data"]
    assert renewed["accessToken"] != first["data"]["accessToken"]
    assert renewed["expire"] == 7200


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"appKey": "0" * 32}, 1002),
        ({"encryption": "0" * 64}, 1003),
        ({"encryption": ""}, 1202),
        ({"appKey": None}, 1202),
        ({"timestamp": True}, 1004),
        ({"appKey": 5}, 1004),
        ({"appKey": ["x"]}, 1004),
        ({"accessToken": "x"}, 1204),
        ({"accessToken": 5}, 1202),
    ],
)
def test_a_token_request_that_is_wrong_is_told_by_its_status(service, changes, status) -> None:
    answer = service.get_token(**changes)
    assert (answer["status"], answer["data"]) == (status, None)


def test_a_timestamp_of_another_time_and_an_ended_token_are_told(service) -> None:
    old = service.get_token()["data"]["accessToken"]
    service.clock.now += 7_200_000
    assert service.get_token(accessToken=old)["status"] == 1203
    one = service.application
    late = {"appKey": one.client_id, "timestamp": str(NOW)}
    late["encryption"] = enos.encryption(one.client_id, str(NOW), one.secret)
    answer = service.app.test_client().post(f"{TOKEN_ROOT}/token/get", json=late).get_json()
    assert answer["status"] == 1004


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'"{}"', b"[" * 100_000])
def test_a_token_request_that_cannot_be_read_is_told_so(service, body) -> None:
    answer = service.app.test_client().post(f"{TOKEN_ROOT}/token/get", data=body)
    assert (answer.status_code, answer.get_json()["status"] in (1004, 1202)) == (200, True)


def test_the_token_service_ignores_credentials_in_headers(service) -> None:
    one = service.application
    body = {"appKey": hyphened(one.client_id), "timestamp": NOW}
    body["encryption"] = enos.encryption(body["appKey"], str(NOW), hyphened(one.secret))
    headers = {"apim-accesstoken": "nonsense"}
    assert (
        service.app.test_client().post(f"{TOKEN_ROOT}/token/get", json=body, headers=headers).get_json()["status"] == 0
    )


@pytest.mark.parametrize(
    "change",
    [
        {"apim-signature": "0" * 64},
        {"apim-signature": "ä"},
        {"apim-timestamp": str(NOW + 1)},
        {"apim-timestamp": ""},
        {"apim-accesstoken": ""},
        {"apim-accesstoken": "x"},
    ],
    ids=str,
)
def test_a_wrong_signature_is_refused_with_401(service, change) -> None:
    query = f"action=getMyFlow&userId=u+1&orgId={ORG}"
    headers = service.signed(query, b"")
    good = service.app.test_client().get(f"{ROOT}/flows?{query}", headers=headers)
    assert good.get_json()["code"] == 0
    answer = service.app.test_client().get(f"{ROOT}/flows?{query}", headers={**headers, **change})
    assert (answer.status_code, answer.get_json()) == (401, REFUSED)


def test_a_signature_covers_query_and_body_and_ages(service) -> None:
    query, body = f"action=trigger&userId=u+1&orgId={ORG}", b'{"flowId": 1, "triggerTime": 5}'
    headers, client = service.signed(query, body), service.app.test_client()
    for changed_query, changed_body in ((query.replace("trigger", "enable"), body), (query, body + b" ")):
        answer = client.post(f"{ROOT}/flows?{changed_query}", data=changed_body, headers=headers)
        assert answer.status_code == 401
    service.clock.now += 900_001
    assert client.post(f"{ROOT}/flows?{query}", data=body, headers=headers).status_code == 401
    service.clock.now = NOW
    assert client.post(f"{ROOT}/flows?{query}", data=body, headers=headers).status_code == 200


def test_a_signature_counts_once_where_the_application_wants_it(service) -> None:
    once = service.runtime.access.create("once", method="digest", once=True, grants=EVERYTHING)
    query = f"action=getMyFlow&userId=u+1&orgId={ORG}"
    headers, client = service.signed(query, b"", once), service.app.test_client()
    assert [client.get(f"{ROOT}/flows?{query}", headers=headers).status_code for _ in range(2)] == [200, 401]


def test_a_block_for_our_key_gets_in_whatever_the_spelling(service) -> None:
    one = service.application
    for key, secret in ((one.client_id, one.secret), (hyphened(one.client_id), hyphened(one.secret))):
        assert service.call("flows", "getMyFlow", headers={"Apim-Accesstoken": block(service, key, secret)})
    for key, secret in ((one.client_id, "0" * 32), ("0" * 32, one.secret)):
        answer = service.ask("flows", "getMyFlow", headers={"Apim-Accesstoken": block(service, key, secret)})
        assert (answer.status_code, answer.get_json()) == (401, REFUSED)


def test_the_key_pair_stays_the_same_and_is_kept_sealed(service) -> None:
    client = service.app.test_client()
    assert client.get("/enos/public-key").get_json() == client.get("/enos/public-key").get_json()
    [(sealed,)] = service.runtime.store.database.read("SELECT secret FROM key_pair")
    with pytest.raises(ValueError):  # noqa: PT011 - whatever the reason, it is no key
        RSA.import_key(bytes(sealed))


def test_any_block_gets_in_only_where_that_is_switched_on_and_from_where_it_is(tmp_path) -> None:
    (tmp_path / "a").mkdir()
    headers = {"apim-accesstoken": base64.b64encode(b"x" * 256).decode()}
    with enos_service(tmp_path / "a") as service:
        assert service.ask("flows", "getMyFlow", headers=headers).status_code == 401
    (tmp_path / "b").mkdir()
    networks = ["127.0.0.0/8"]
    with enos_service(tmp_path / "b", auth=("opaque",), opaque_addresses=networks) as service:
        assert service.ask("flows", "getMyFlow", headers=headers).status_code == 401


def test_any_block_is_the_application_it_is_switched_on_for(tmp_path) -> None:
    with enos_service(tmp_path) as service:
        client_id = service.application.client_id
    headers = {"apim-accesstoken": base64.b64encode(b"x" * 256).decode()}
    options = {"auth": ("opaque",), "opaque_application": client_id}
    for networks, status in ((("127.0.0.0/8",), 200), (("10.0.0.0/8",), 401), ((), 401)):
        with enos_runtime(tmp_path, opaque_addresses=networks, **options) as app:
            query = {"action": "getMyFlow", "userId": USER, "orgId": ORG}
            answer = app.test_client().get(f"{ROOT}/flows", query_string=query, headers=headers)
            assert answer.status_code == status


def test_a_mode_that_is_off_lets_nobody_in(tmp_path) -> None:
    with enos_service(tmp_path, auth=("ownkey",)) as service:
        assert service.ask("flows", "getMyFlow").status_code == 401


def test_an_application_acts_for_its_own_users_only(service) -> None:
    bound = service.runtime.access.create("bound", grants=EVERYTHING, operators=["somebody else"])
    assert service.ask("flows", "getMyFlow", application=bound).status_code == 401


def test_a_refusal_is_in_the_audit_log_without_secrets(service) -> None:
    one = service.application
    service.ask("flows", "getMyFlow", headers={"Apim-Accesstoken": block(service, one.client_id, "geheim")})
    service.runtime.store.audit.record(AuditEntry("test", "flush", "-"))
    rows = service.runtime.store.database.read("SELECT * FROM audit ORDER BY id DESC LIMIT 3")
    assert any("flow.getMyFlow" in map(str, row) for row in rows)
    assert "geheim" not in str(rows)
    assert operation("flows", "getMyFlow").method == "GET"
