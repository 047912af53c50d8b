"""Users, their passwords, roles and logins, as the use cases see them."""

import pytest

from fdl_trigger.core import passwords
from fdl_trigger.domain.errors import (
    AuthenticationFailed,
    DefinitionInvalid,
    ObjectNotFound,
    PermissionDenied,
    TokenInvalid,
    UserNotFound,
)
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Grant, Principal
from fdl_trigger.domain.users import Role

PASSWORD = "correct horse battery"


@pytest.fixture
def wang(runtime):
    return runtime.users.create("wang", PASSWORD, role=Role.OPERATOR, folders=["sales/"], display_name="王五")


def stored_text(runtime):
    runtime.store.ping()
    return b"".join(path.read_bytes() for path in runtime.store.path.parent.glob("runtime.db*"))


def actions(runtime):
    return [record.entry.action for record in runtime.audit.list()]


def test_there_is_no_user_until_somebody_makes_one(runtime):
    assert runtime.users.list() == []
    with pytest.raises(UserNotFound):
        runtime.users.get("admin")


def test_a_user_has_a_uid_a_role_and_folders_in_one_spelling(runtime, wang):
    assert runtime.users.list() == [wang]
    assert (wang.display_name, wang.role, wang.folders, wang.enabled) == ("王五", "operator", ("/sales",), True)
    assert len(wang.uid) == 36


def test_the_store_holds_neither_the_password_nor_the_signing_key_in_clear(runtime, wang):
    key = runtime.sessions.signing_key()
    text = stored_text(runtime)
    assert wang.password_hash.startswith("scrypt:32768:8:1$")
    assert PASSWORD.encode() not in text
    assert key not in text
    assert key.hex().encode() not in text


def test_the_signing_key_is_made_once_for_each_installation(runtime):
    key = runtime.sessions.signing_key()
    assert len(key) == 32
    runtime.store.tokens._key = None
    assert runtime.sessions.signing_key() == key


def test_a_password_is_verified_and_nothing_else_is(runtime, wang):
    assert runtime.users.verify("wang", PASSWORD) == wang
    for name, password in [
        ("wang", "wrong password"),
        ("nobody", PASSWORD),
        ("Wang", PASSWORD),
        ("wang", ""),
        ("wang", PASSWORD + "\ud800"),
        ("wang\0", PASSWORD),
        ("w" * 1_000_000, PASSWORD),
        ("wang", "p" * 1_000_000),
    ]:
        assert runtime.users.verify(name, password) is None


def test_a_disabled_user_may_not_in_and_comes_back_when_enabled(runtime, wang):
    runtime.users.enable("wang", False)
    assert runtime.users.verify("wang", PASSWORD) is None
    runtime.users.enable("wang", True)
    assert runtime.users.verify("wang", PASSWORD) is not None


@pytest.mark.parametrize(
    ("name", "password", "more", "key"),
    [
        ("", PASSWORD, {}, "name"),
        ("a\0b", PASSWORD, {}, "name"),
        ("n" * 129, PASSWORD, {}, "name"),
        ("WANG", PASSWORD, {}, "name"),
        ("li", "short", {}, "password"),
        ("li", " " * 12, {}, "password"),
        ("li", "p" * 2000, {}, "password"),
        ("li", PASSWORD, {"role": Role.ADMIN, "folders": ["/a"]}, "folders"),
        ("li", PASSWORD, {"folders": ["/" + "f" * 600]}, "folders"),
        ("li", PASSWORD, {"display_name": "d" * 200}, "display_name"),
    ],
)
def test_a_user_that_makes_no_sense_is_refused(runtime, wang, name, password, more, key):
    with pytest.raises(DefinitionInvalid) as caught:
        runtime.users.create(name, password, **more)
    assert key in [problem[0] for problem in caught.value.details["problems"]]
    assert password not in str(caught.value) or not password.strip()


def test_a_login_is_open_until_it_is_closed_once(runtime, wang):
    caller = wang.as_principal()
    session = runtime.sessions.open(wang, 60, caller)
    assert runtime.sessions.user_of("wang", session.jti) == wang
    assert runtime.sessions.list() == [session]
    assert runtime.sessions.close(session.jti, caller)
    assert not runtime.sessions.close(session.jti, caller)
    with pytest.raises(TokenInvalid):
        runtime.sessions.user_of("wang", session.jti)
    assert runtime.sessions.list() == []
    assert actions(runtime)[:2] == ["user.logout", "user.login"]


@pytest.mark.parametrize(
    "end",
    [
        lambda runtime: runtime.users.set_password("wang", "another password"),
        lambda runtime: runtime.users.enable("wang", False),
        lambda runtime: runtime.users.delete("wang"),
        lambda runtime: runtime.sessions.revoke_all(runtime.users.get("wang")),
    ],
)
def test_what_takes_the_right_to_be_in_ends_every_login(runtime, wang, end):
    sessions = [runtime.sessions.open(wang, 60, wang.as_principal()) for _ in range(2)]
    end(runtime)
    assert runtime.sessions.list() == []
    assert runtime.store.catalog.current().revoked_tokens == {session.jti for session in sessions}


def test_an_administrator_ends_anybodys_login(runtime, wang):
    session = runtime.sessions.open(wang, 60, wang.as_principal())
    admin = runtime.users.create("root", PASSWORD, role=Role.ADMIN).as_principal()
    runtime.sessions.revoke(session.jti, admin)
    with pytest.raises(ObjectNotFound):
        runtime.sessions.revoke(session.jti, admin)


def test_a_role_change_holds_from_the_next_call_on(runtime, wang):
    changed = runtime.users.set_role("wang", Role.VIEWER)
    assert (changed.role, changed.folders) == ("viewer", ("/sales",))
    assert runtime.users.set_role("wang", Role.ADMIN, []).folders == ()


def test_only_who_manages_access_touches_users_and_logins(runtime, wang):
    calls = [
        lambda caller: runtime.users.create("li", PASSWORD, principal=caller),
        lambda caller: runtime.users.list(caller),
        lambda caller: runtime.users.get("wang", caller),
        lambda caller: runtime.users.set_password("wang", PASSWORD, caller),
        lambda caller: runtime.users.set_role("wang", Role.ADMIN, [], caller),
        lambda caller: runtime.users.enable("wang", False, caller),
        lambda caller: runtime.users.delete("wang", caller),
        lambda caller: runtime.sessions.list(caller),
        lambda caller: runtime.sessions.revoke("x", caller),
        lambda caller: runtime.sessions.revoke_all(wang, caller),
    ]
    limited = Principal("half", (Grant(Operation.MANAGE_ACCESS, folder="/sales"),))
    for call in calls:
        for caller in (wang.as_principal(), limited):
            with pytest.raises(PermissionDenied):
                call(caller)
    assert runtime.users.list() == [wang]


def test_an_operator_is_any_name_until_there_are_users(runtime):
    assert runtime.users.operator("anybody") == "anybody"


def test_from_the_first_user_on_an_operator_is_one_of_them(runtime, wang):
    assert runtime.users.operator("wang") == "wang"
    assert runtime.users.operator(wang.uid.upper()) == "wang"
    with pytest.raises(AuthenticationFailed):
        runtime.users.operator("anybody")
    runtime.users.enable("wang", False)
    with pytest.raises(AuthenticationFailed):
        runtime.users.operator("wang")


def test_generated_passwords_are_good_enough_and_differ():
    made = {passwords.generate_password() for _ in range(20)}
    assert len(made) == 20
    assert all(passwords.password_problem(one) is None for one in made)


def test_a_task_outside_the_folder_looks_like_one_that_does_not_exist(runtime, publish, wang):
    inside, outside = publish("inside", folder="/sales/daily"), publish("outside", folder="/hr")
    caller = wang.as_principal()
    record = runtime.instances.execute(uid=inside, principal=caller)
    assert runtime.instances.get(record.uid, caller).task_name == "inside"
    hidden = runtime.instances.execute(uid=outside)
    told = set()
    for uid in (outside, "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(Exception, match="There is no task") as caught:
            runtime.instances.execute(uid=uid, principal=caller)
        told.add((type(caught.value), str(caught.value).replace(uid, "")))
    assert len(told) == 1
    with pytest.raises(Exception, match="There is no instance"):
        runtime.instances.get(hidden.uid, caller)
