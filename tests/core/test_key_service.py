"""The use cases around keys and the rules of applications."""

import pytest

from fdl_trigger.config import Settings
from fdl_trigger.core.keys import LONGEST_OVERLAP_S
from fdl_trigger.domain.errors import AuthenticationFailed, DefinitionInvalid, InvalidParameter
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Grant, Principal
from fdl_trigger.runtime import Runtime

PUBLIC = (
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)


@pytest.fixture
def runtime(settings: Settings, clock):
    with Runtime(settings, clock=clock, run_engine=False) as runtime:
        yield runtime


def test_a_rotation_is_seen_at_once_and_written_down_without_its_secret(runtime: Runtime, clock) -> None:
    one = runtime.access.create("reports")
    alice = Principal("alice", (Grant(Operation.MANAGE_ACCESS),), address="10.0.0.7")
    key = runtime.keys.rotate(one.client_id, expire_old_s=60, principal=alice)
    found = runtime.access.require(one.client_id)
    assert found.secret == key.secret != one.secret
    assert [live.secret for live in found.live_keys(clock.now)] == [one.secret, key.secret]
    clock.turn(60_000)
    assert [live.secret for live in found.live_keys(clock.now)] == [key.secret]
    entry = runtime.store.audit.newest(1)[0].entry
    assert (entry.actor, entry.action, entry.details["expire_old_s"]) == ("alice", "application.rotate_key", 60)
    assert key.secret not in str(entry)


def test_a_key_is_disabled_by_its_number(runtime: Runtime) -> None:
    one, other = runtime.access.create("one"), runtime.access.create("other")
    runtime.keys.disable(one.client_id, one.keys[0].id)
    assert runtime.access.require(one.client_id).secret is None
    with pytest.raises(InvalidParameter, match="has no key"):
        runtime.keys.disable(one.client_id, other.keys[0].id)
    with pytest.raises(AuthenticationFailed):
        runtime.keys.rotate("nobody")
    with pytest.raises(InvalidParameter):
        runtime.keys.rotate(one.client_id, expire_old_s=LONGEST_OVERLAP_S + 1)


def test_an_sm2_application_is_rotated_with_a_public_key_and_others_without(runtime: Runtime) -> None:
    curve = runtime.access.create("curve", method="sm2", public_key="04" + PUBLIC.upper())
    assert (curve.public_key, curve.secret) == (PUBLIC, None)
    assert runtime.keys.rotate(curve.client_id, public_key=PUBLIC).secret == PUBLIC
    page = runtime.access.create("page", method="page", origins=["https://bi.example.com"])
    plain = runtime.access.create("plain")
    for client_id, key in ((curve.client_id, None), (curve.client_id, "04"), (plain.client_id, PUBLIC)):
        with pytest.raises(DefinitionInvalid, match="public_key"):
            runtime.keys.rotate(client_id, public_key=key)
    with pytest.raises(DefinitionInvalid, match="has no key"):
        runtime.keys.rotate(page.client_id)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"method": "sm2"}, "public_key"),
        ({"method": "sm2", "public_key": "0" * 128}, "public_key"),
        ({"public_key": PUBLIC}, "public_key"),
        ({"once": True}, "once"),
        ({"method": "digest", "bound": True}, "bound"),
        ({"digest_timeout_s": 0}, "digest_timeout_s"),
        ({"operators": ["a\nb"]}, "operators"),
    ],
)
def test_an_application_with_settings_that_mean_nothing_is_refused(runtime: Runtime, changes: dict, key: str) -> None:
    with pytest.raises(DefinitionInvalid, match=key):
        runtime.access.create("one", **changes)
    assert runtime.access.list() == []
