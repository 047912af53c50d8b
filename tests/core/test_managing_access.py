"""Who may change applications and their keys."""

import pytest

from fdl_trigger.domain.errors import DefinitionInvalid, PermissionDenied
from fdl_trigger.domain.operations import CALLS, Operation
from fdl_trigger.domain.records import Grant, Principal

OPERATOR = Principal("operator", tuple(Grant(operation) for operation in CALLS))
HALF = Principal("half", (Grant(Operation.MANAGE_ACCESS, folder="/sales"),))


@pytest.mark.parametrize("caller", [OPERATOR, HALF], ids=["operator", "limited to a folder"])
def test_applications_and_keys_are_changed_only_by_who_manages_access(runtime, caller):
    client_id = runtime.access.create("app", grants=[Grant(Operation.READ)]).client_id
    calls = [
        lambda: runtime.access.create("mine", principal=caller),
        lambda: runtime.access.grant(client_id, [Grant(Operation.EXECUTE)], caller),
        lambda: runtime.access.revoke(client_id, [Grant(Operation.READ)], caller),
        lambda: runtime.access.enable(client_id, False, caller),
        lambda: runtime.access.delete(client_id, caller),
        lambda: runtime.keys.rotate(client_id, principal=caller),
        lambda: runtime.keys.disable(client_id, 1, caller),
    ]
    before = runtime.access.list()
    for call in calls:
        with pytest.raises(PermissionDenied):
            call()
    assert runtime.access.list() == before


def test_an_administrator_may(runtime):
    admin = Principal("root", (Grant(Operation.MANAGE_ACCESS),))
    client_id = runtime.access.create("app", principal=admin).client_id
    runtime.keys.rotate(client_id, principal=admin)
    runtime.access.delete(client_id, admin)
    assert runtime.access.list() == []


def test_a_folder_is_no_limit_for_an_application(runtime):
    limited = Grant(Operation.READ, folder="/sales")
    with pytest.raises(DefinitionInvalid, match="grants"):
        runtime.access.create("app", grants=[limited])
    client_id = runtime.access.create("app").client_id
    with pytest.raises(DefinitionInvalid, match="grants"):
        runtime.access.grant(client_id, [limited])


def test_a_page_application_stays_bound_to_tasks(runtime, publish):
    task_id = runtime.tasks.get(uid=publish("orders")).id
    page = runtime.access.create(
        "page", method="page", grants=[Grant(Operation.EXECUTE, task_id)], origins=["https://bi.example.com"]
    )
    with pytest.raises(DefinitionInvalid, match="grants"):
        runtime.access.grant(page.client_id, [Grant(Operation.EXECUTE)])
