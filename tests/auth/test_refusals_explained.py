"""Why was I refused: what administrators see, and what nobody sees."""

import pytest
from admission_door import Door

from fdl_trigger.auth import sm2_engine
from fdl_trigger.auth.digest import sign
from fdl_trigger.auth.proof import Check
from fdl_trigger.config import Settings
from fdl_trigger.domain.errors import AuthenticationFailed, PermissionDenied
from fdl_trigger.domain.records import Principal
from fdl_trigger.logs import request_id
from fdl_trigger.runtime import Runtime


@pytest.fixture
def runtime(settings: Settings, clock):
    with Runtime(settings, clock=clock, run_engine=False) as runtime:
        token = request_id.set("req-1")
        yield runtime
        request_id.reset(token)


@pytest.fixture
def door(runtime, clock) -> Door:
    return Door(runtime, clock, explains=True)


def refused(door, headers, **call):
    with pytest.raises(AuthenticationFailed):
        door.call(headers, **call)
    door.runtime.store.ping()
    return door.runtime.diagnosis.explain("req-1")[-1]


def test_a_wrong_digest_is_shown_beside_the_expected_one(door, clock):
    application = door.runtime.access.create("signing", method="digest")
    at = clock.now - 7_000
    wrong = sign(application.client_id, "another secret", at)
    found = refused(door, {"client_id": application.client_id, "_sign_": wrong})
    assert found.reason == Check.SIGNATURE
    expected = sign(application.client_id, application.secret, at)
    assert found.diagnosis == {
        "method": "digest",
        "application_method": "digest",
        "string_to_sign": f"{application.client_id}<secret>{at}",
        "skew_ms": -7_000,
        "received": wrong[:8],
        "algorithm": "MD5",
        "digits": {"expected": 32, "received": 32},
        "expected": [expected[:8]],
    }
    lines = "\n".join(found.lines())
    assert f"first failing check: {Check.SIGNATURE}" in lines
    assert f"string to sign: {application.client_id}<secret>{at}" in lines
    assert application.secret not in lines


def test_a_wrong_algorithm_is_seen_by_its_digits(door, clock):
    application = door.runtime.access.create("signing", method="digest", digest_algorithm="SHA256")
    headers = {"client_id": application.client_id, "_sign_": sign(application.client_id, application.secret, clock.now)}
    assert refused(door, headers).diagnosis["digits"] == {"expected": 64, "received": 32}


def test_a_clock_that_is_wrong_is_seen_by_its_skew(door, clock):
    application = door.runtime.access.create("signing", method="digest")
    late = sign(application.client_id, application.secret, clock.now - 3_600_000)
    found = refused(door, {"client_id": application.client_id, "_sign_": late})
    assert (found.reason, found.diagnosis["skew_ms"]) == (Check.EXPIRED, -3_600_000)
    assert found.diagnosis["received"] == found.diagnosis["expected"][0]


def test_a_bound_sm2_signature_shows_the_whole_string_to_sign(door, clock):
    private = sm2_engine.new_private_key()
    public = sm2_engine.public_key_of(private)
    application = door.runtime.access.create("curve", method="sm2", public_key=public, bound=True)
    pair = sm2_engine.sign(private, f"{application.client_id}{clock.now}".encode())
    signature = "{:064x}{:064x}".format(*pair)
    found = refused(
        door, {"client_id": application.client_id, "timestamp": str(clock.now), "signature": signature}, body=b"abc"
    )
    assert found.diagnosis["string_to_sign"].startswith(f"POST\n/fdl/workId/execute\n{clock.now}\n66c7f0f4")
    assert (found.diagnosis["scheme"], found.diagnosis["bound"]) == ("sm2-sign-v1", True)
    assert found.diagnosis["received"] == signature[:8]


def test_a_secret_in_the_wrong_place_is_not_shown(door, clock):
    application = door.runtime.access.create("signing", method="digest")
    for headers in (
        {"_sign_": application.secret},
        {"_sign_": f"{application.secret}{application.secret}"},
        {"secret": application.secret},
        {"signature": application.secret, "timestamp": application.secret},
        {"signature": application.secret, "timestamp": str(clock.now)},
    ):
        found = refused(door, {"client_id": application.client_id, **headers})
        assert not any(application.secret[at : at + 6] in str(found.diagnosis) for at in range(26)), headers


def test_unless_switched_on_only_the_check_is_kept(runtime, clock):
    door = Door(runtime, clock)
    found = refused(door, {"client_id": "nobody", "_sign_": "0" * 45})
    assert (found.reason, found.diagnosis) == (Check.UNKNOWN, {})


def test_only_those_who_may_read_the_audit_log_are_told(door):
    with pytest.raises(PermissionDenied):
        door.runtime.diagnosis.explain("req-1", Principal("nobody"))
    assert door.runtime.diagnosis.explain("unheard of") == []
