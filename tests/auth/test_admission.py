"""The one door: who is let in, who is refused and why, and what the audit log says of it."""

import contextlib
import hashlib
import threading

import pytest
from admission_door import EXECUTE, Door

from fdl_trigger.auth import sm2_engine
from fdl_trigger.auth.credentials import Credentials, SignedRequest
from fdl_trigger.auth.digest import sign
from fdl_trigger.auth.proof import Check
from fdl_trigger.auth.sm2 import string_to_sign
from fdl_trigger.config import Settings
from fdl_trigger.domain.errors import (
    AuthenticationFailed,
    CredentialExpired,
    PermissionDenied,
    RateLimited,
    TaskNotFound,
)
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Grant
from fdl_trigger.runtime import Runtime

PRIVATE = sm2_engine.new_private_key()
PUBLIC = sm2_engine.public_key_of(PRIVATE)


@pytest.fixture
def runtime(settings: Settings, clock):
    with Runtime(settings, clock=clock, run_engine=False) as runtime:
        yield runtime


@pytest.fixture
def door(runtime, clock) -> Door:
    return Door(runtime, clock)


def create(door: Door, method="aksk", **more):
    if method == "sm2":
        more.setdefault("public_key", PUBLIC)
    return door.runtime.access.create("reports", method=method, grants=[Grant(Operation.EXECUTE)], **more)


def signed(application, clock, at=None, text=None):
    at = clock.now if at is None else at
    pair = sm2_engine.sign(PRIVATE, (text or f"{application.client_id}{at}").encode())
    return {"client_id": application.client_id, "timestamp": str(at), "signature": "{:064x}{:064x}".format(*pair)}


def digest(application, clock, at=None):
    at = clock.now if at is None else at
    return {"client_id": application.client_id, "_sign_": sign(application.client_id, application.secret, at)}


def secret(application):
    return {"client_id": application.client_id, "secret": application.secret}


def reason_of(door, *args, error=AuthenticationFailed, **call):
    with pytest.raises(error):
        door.call(*args, **call)
    return door.refusals()[-1].reason


def test_each_method_lets_in_with_address_and_grants(door, clock):
    for application, headers in (
        (one := create(door), secret(one)),
        (one := create(door, "digest"), digest(one, clock)),
        (one := create(door, "sm2"), signed(one, clock)),
    ):
        admitted = door.call(headers)
        assert admitted.principal.application_id == application.id
        assert admitted.principal.address == "10.0.0.7"
        assert admitted.principal.may(Operation.EXECUTE)
    assert door.refusals() == []


def test_credentials_may_come_in_the_query(door, clock):
    application = create(door, "sm2")
    fields = {name: [value] for name, value in signed(application, clock).items()}
    assert door.call(query=fields).principal.application_id == application.id


def test_every_refusal_is_a_row_that_says_who_what_from_where_and_which_check(door, clock):
    application = create(door)
    with pytest.raises(AuthenticationFailed):
        door.call({"client_id": application.client_id, "secret": "wrong-canary"}, address="192.0.2.9")
    [entry] = door.refusals()
    assert (entry.actor, entry.action, entry.target) == (application.client_id, EXECUTE, "/fdl/workId/execute")
    assert (entry.reason, entry.address) == (Check.SECRET, "192.0.2.9")
    assert "canary" not in str(entry)
    assert entry.details == {"code": "authentication_failed", "client_id": application.client_id}


def test_the_first_failing_check_is_told_to_the_log_and_not_to_the_caller(door, clock):
    known, signing, curve = create(door), create(door, "digest"), create(door, "sm2")
    page = door.runtime.access.create("page", method="page", origins=["https://bi.example.com"])
    off = create(door)
    door.runtime.access.enable(off.client_id, False)
    keyless = create(door)
    door.runtime.keys.disable(keyless.client_id, keyless.keys[0].id)
    attempts = [
        ({"client_id": "nobody", "secret": "x"}, Check.UNKNOWN),
        (secret(off), Check.DISABLED),
        (secret(keyless), Check.NO_KEY),
        (secret(known) | {"secret": "x"}, Check.SECRET),
        (secret(signing), Check.METHOD),
        (digest(signing, clock) | {"_sign_": "0" * 45}, Check.SIGNATURE),
        (signed(curve, clock, text="other"), Check.SIGNATURE),
        ({"client_id": page.client_id, "origin": "https://evil.example.com"}, Check.ORIGIN),
    ]
    told = set()
    for headers, check in attempts:
        with pytest.raises(AuthenticationFailed) as refusal:
            door.call(headers)
        assert door.refusals()[-1].reason == check
        told.add(str(refusal.value))
    assert len(told) == 1


@pytest.mark.parametrize("method", ["digest", "sm2"])
@pytest.mark.parametrize(
    ("age_ms", "check"),
    [(299_999, None), (300_000, Check.EXPIRED), (-5_000, None), (-5_001, Check.FUTURE), (10**9, Check.EXPIRED)],
)
def test_signatures_count_in_their_time_to_the_millisecond(door, clock, method, age_ms, check):
    application = create(door, method)
    make = digest if method == "digest" else signed
    headers = make(application, clock, clock.now - age_ms)
    if check is None:
        assert door.call(headers).principal
    else:
        assert reason_of(door, headers, error=CredentialExpired) == check


BROKEN = [
    "x",
    "0" * 45,
    "z" * 128,
    "0" * 128,
    "f" * 128,
    "é" * 128,
    "A" * 1_000_000,
    "\0" * 128,
    "=" * 88,
    "3006",
    "١" * 128,
]


@pytest.mark.parametrize("method", ["digest", "sm2"])
@pytest.mark.parametrize("broken", BROKEN, ids=lambda text: ascii(text[:6]))
def test_broken_signatures_are_refused_and_written_down(door, clock, method, broken):
    application = create(door, method)
    name = "_sign_" if method == "digest" else "signature"
    headers = (digest if method == "digest" else signed)(application, clock) | {name: broken}
    assert reason_of(door, headers) == Check.SIGNATURE


@pytest.mark.parametrize("method", ["digest", "sm2"])
def test_truncated_signatures_and_changed_timestamps_are_refused(door, clock, method):
    application = create(door, method)
    if method == "digest":
        good = digest(application, clock)["_sign_"]
        tampered = [good[:-1], good[1:], good[:-1] + str((int(good[-1]) + 1) % 10), good + "0"]
        calls = [{"client_id": application.client_id, "_sign_": one} for one in tampered]
    else:
        good = signed(application, clock)
        later = str(int(good["timestamp"]) + 1)
        calls = [good | {"signature": good["signature"][:-1]}, good | {"timestamp": later}]
        calls += [good | {"timestamp": one} for one in ("", "0", later[:-1], later + "0", "١" * 13, "-" + later[1:])]
    for headers in calls:
        assert reason_of(door, headers) == Check.SIGNATURE


def test_upper_case_signatures_are_accepted_by_contract(door, clock):
    application = create(door, "digest")
    headers = digest(application, clock)
    assert door.call(headers | {"_sign_": headers["_sign_"].upper()})
    application = create(door, "sm2")
    headers = signed(application, clock)
    assert door.call(headers | {"signature": headers["signature"].upper()})


def test_header_and_query_that_contradict_each_other_are_refused(door, clock):
    application = create(door, "sm2")
    headers = signed(application, clock)
    for name in ("client_id", "timestamp", "signature"):
        assert reason_of(door, headers, query={name: ["1" * 13]}) == Check.CONTRADICTION
    assert door.refusals()[0].actor == "-"
    assert door.refusals()[-1].actor == application.client_id
    known = create(door)
    assert reason_of(door, secret(known), query={"secret": ["other"]}) == Check.CONTRADICTION
    assert reason_of(door, secret(known) | {"signature": "0" * 128}) == Check.SEVERAL_METHODS
    assert reason_of(door, secret(known) | {"_sign_": "0" * 45}) == Check.SEVERAL_METHODS
    assert reason_of(door, {"secret": "x"}) == Check.NO_CLIENT_ID


@pytest.mark.parametrize("method", ["digest", "sm2"])
def test_in_one_time_mode_a_used_signature_is_refused_in_any_spelling(door, clock, method):
    application = create(door, method, once=True)
    headers = (digest if method == "digest" else signed)(application, clock)
    name = "_sign_" if method == "digest" else "signature"
    assert door.call(headers)
    assert reason_of(door, headers) == Check.USED
    assert reason_of(door, headers | {name: headers[name].upper()}) == Check.USED
    other = create(door, method)
    headers = (digest if method == "digest" else signed)(other, clock)
    assert door.call(headers)
    assert door.call(headers)


def test_of_many_calls_with_one_signature_one_is_let_in(door, clock):
    application = create(door, "digest", once=True)
    headers = digest(application, clock)
    let_in, barrier = [], threading.Barrier(8)

    def call():
        barrier.wait()
        with contextlib.suppress(AuthenticationFailed):
            let_in.append(door.call(headers))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(let_in) == 1


def test_a_bound_signature_covers_the_request(door, clock):
    application = create(door, "sm2", bound=True)
    path, body = "/webroot/decision/fdl/订单", b'{"workId": "1"}'
    hashed = hashlib.new("sm3", body).hexdigest()
    headers = signed(application, clock, text=f"POST\n{path}?a=1&b=%2f\n{clock.now}\n{hashed}")
    wire = {"PATH_INFO": path.encode().decode("latin-1"), "QUERY_STRING": "a=1&b=%2f"}
    assert door.call(headers, body=body, **wire)
    in_query = {**wire, "QUERY_STRING": f"client_id=1&a=1&%73ignature=2&b=%2f&timestamp={clock.now}"}
    assert door.call(headers, body=body, **in_query)
    for changed in (
        {"body": body + b" "},
        {"PATH_INFO": "/other"},
        {"REQUEST_METHOD": "PUT"},
        {"QUERY_STRING": "a=2&b=%2f"},
        {"QUERY_STRING": ""},
    ):
        assert reason_of(door, headers, **{"body": body, **wire, **changed}) == Check.SIGNATURE
    assert reason_of(door, signed(application, clock), body=body, **wire) == Check.SIGNATURE


def test_the_string_to_sign_is_as_documented():
    credentials = Credentials("id", timestamp="1", request=SignedRequest("POST", "/p?x=1", lambda: b"abc"))
    assert string_to_sign(credentials, bound=False) == "id1"
    body = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert string_to_sign(credentials, bound=True) == f"POST\n/p?x=1\n1\n{body}"


def test_an_application_acts_only_for_its_users(door):
    limited = create(door, operators=["alice", "王芳"])
    assert door.call(secret(limited), operator="王芳").operator == "王芳"
    assert door.call(secret(limited)).operator is None
    assert reason_of(door, secret(limited), operator="bob") == Check.OPERATOR
    assert door.refusals()[-1].actor == "reports"
    assert door.call(secret(create(door)), operator="bob").operator == "bob"


def test_too_many_failures_are_slowed_before_anything_is_verified(runtime, clock):
    door = Door(runtime, clock, failed_logins="3/hour")
    application = create(door)
    for _ in range(3):
        assert reason_of(door, secret(application) | {"secret": "x"}) == Check.SECRET
    with pytest.raises(RateLimited) as refusal:
        door.call(secret(application))
    assert 1 <= refusal.value.details["retry_after"] <= 3600
    assert door.call(secret(application), address="10.0.0.8"), "only where the failures come from"
    assert door.call(secret(create(door))), "only the client that fails"


def test_an_address_that_makes_up_client_ids_is_slowed_too(runtime, clock):
    door = Door(runtime, clock, failed_logins="2/hour")
    for number in range(20):
        assert reason_of(door, {"client_id": f"guess-{number}", "secret": "x"}) == Check.UNKNOWN
    assert reason_of(door, {"client_id": "guess-20", "secret": "x"}, error=RateLimited) == Check.THROTTLED


def test_slowed_calls_do_not_flood_the_log(runtime, clock):
    door = Door(runtime, clock, failed_logins="1/hour")
    application = create(door)
    for _ in range(50):
        with pytest.raises((AuthenticationFailed, RateLimited)):
            door.call(secret(application) | {"secret": "x"})
    assert [entry.reason for entry in door.refusals()] == [Check.SECRET, Check.THROTTLED]


def test_calls_without_a_client_id_do_not_flood_the_log_nor_slow_their_address(runtime, clock):
    door = Door(runtime, clock, failed_logins="2/hour")
    for _ in range(40):
        with pytest.raises((AuthenticationFailed, RateLimited)):
            door.call({"secret": "x"})
    assert [entry.reason for entry in door.refusals()] == [Check.NO_CLIENT_ID, Check.NO_CLIENT_ID, Check.THROTTLED]
    assert door.call(secret(create(door)))


def test_successes_are_not_counted(runtime, clock):
    door = Door(runtime, clock, failed_logins="1/hour")
    application = create(door)
    for _ in range(20):
        assert door.call(secret(application))


def test_a_right_that_is_missing_is_a_row_too_and_other_errors_are_not(door):
    environ = {"PATH_INFO": "/x", "REMOTE_ADDR": "10.0.0.7"}
    door.admission.refused(environ, EXECUTE, PermissionDenied("no grant"))
    door.admission.refused(environ, EXECUTE, RateLimited())
    door.admission.refused(environ, EXECUTE, TaskNotFound())
    door.admission.refused(environ, EXECUTE, TaskNotFound(denied=True))
    assert [entry.reason for entry in door.refusals()] == [Check.PERMISSION, "rate_limited", Check.PERMISSION]


def test_claims_of_a_megabyte_are_cut(door):
    assert reason_of(door, {"client_id": "x" * 1_000_000, "secret": "y" * 1_000_000}) == Check.UNKNOWN
    assert door.refusals()[0].actor == "x" * 64
