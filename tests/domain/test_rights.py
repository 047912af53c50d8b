"""What a principal may: by operation, task, folder and role."""

import pytest

from fdl_trigger.domain.operations import CALLS, Operation
from fdl_trigger.domain.records import LOCAL, Grant, Principal, lies_in
from fdl_trigger.domain.users import Role, User


def user(role, *folders):
    return User(1, "uid", "wang", "王", role, folders, True, "hash")


@pytest.mark.parametrize(
    ("folder", "outer", "inside"),
    [
        ("/sales", "/sales", True),
        ("/sales/daily", "/sales", True),
        ("sales/daily/", "/sales/", True),
        ("/sales2", "/sales", False),
        ("/", "/sales", False),
        ("/sales", "/", True),
        ("/sales/../hr", "/hr", False),
        ("/Sales", "/sales", False),
    ],
)
def test_a_folder_covers_its_subfolders_and_nothing_else(folder, outer, inside):
    assert lies_in(folder, outer) is inside


def test_a_folder_grant_holds_for_the_tasks_in_it_and_not_without_a_folder():
    caller = Principal("wang", (Grant(Operation.READ, folder="/sales"),))
    assert caller.may(Operation.READ)
    assert caller.may(Operation.READ, 1, "/sales/daily")
    assert not caller.may(Operation.READ, 1, "/hr")
    assert not caller.may(Operation.READ, 1)
    assert not caller.may_everywhere(Operation.READ)


def test_a_task_grant_holds_for_its_task_wherever_it_lies():
    caller = Principal("app", (Grant(Operation.READ, 1),))
    assert caller.may(Operation.READ, 1, "/anywhere")
    assert not caller.may(Operation.READ, 2, "/anywhere")
    assert not caller.may_everywhere(Operation.READ)


def test_the_local_caller_may_everything():
    assert all(LOCAL.may(operation, 1) and LOCAL.may_everywhere(operation) for operation in Operation)


@pytest.mark.parametrize(
    ("role", "operations"),
    [
        (Role.ADMIN, set(Operation)),
        (Role.OPERATOR, set(CALLS)),
        (Role.VIEWER, {Operation.LIST, Operation.READ}),
    ],
)
def test_a_role_is_a_set_of_operations(role, operations):
    caller = user(role).as_principal()
    assert {operation for operation in Operation if caller.may_everywhere(operation)} == operations
    limited = user(role, "/a", "/b").as_principal()
    assert {operation for operation in Operation if limited.may(operation, 1, "/b/c")} == operations
    assert not any(limited.may(operation, 1, "/c") for operation in Operation)


def test_a_password_hash_is_not_in_the_text_of_a_user():
    assert "hash'" not in repr(user(Role.VIEWER))
