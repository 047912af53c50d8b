"""The use cases, asked the way dialects ask them."""

import pytest

from fdl_trigger.domain.errors import (
    AuthenticationFailed,
    DefinitionInvalid,
    InstanceNotFound,
    InvalidParameter,
    PermissionDenied,
    TaskDisabled,
    TaskNotFound,
    TaskNotPublished,
)
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Connection, Grant, InstanceFilter, Principal
from fdl_trigger.domain.states import State, Trigger
from fdl_trigger.runtime import Runtime

DRAFT = {"workName": "draft", "nodes": [{"id": "n", "type": "QUICK"}]}


def _principal(*grants: Grant) -> Principal:
    return Principal("report", grants, application_id=7)


def test_the_caller_and_the_trigger_stand_in_the_record(runtime: Runtime, publish) -> None:
    caller = _principal(Grant(Operation.EXECUTE), Grant(Operation.READ))
    created = runtime.instances.execute(uid=publish("orders"), trigger=Trigger.API, operator="bob", principal=caller)
    instance = runtime.instances.get(created.uid, caller)
    assert (instance.trigger, instance.trigger_by, instance.task_name) == (Trigger.API, "bob", "orders")


def test_a_task_is_found_by_id_in_any_case_and_by_name(runtime: Runtime, publish) -> None:
    uid = publish("订单同步")
    assert runtime.instances.execute(uid=uid.upper()).task_uid == uid
    assert runtime.instances.execute(name="订单同步").task_uid == uid
    with pytest.raises(InvalidParameter):
        runtime.instances.execute()


def test_a_task_must_exist_be_published_and_enabled(runtime: Runtime, publish) -> None:
    with pytest.raises(TaskNotFound, match="nobody"):
        runtime.instances.execute(name="nobody")
    runtime.tasks.save(DRAFT)
    with pytest.raises(TaskNotPublished, match="Publish it"):
        runtime.instances.execute(name="draft")
    uid = publish("orders")
    runtime.tasks.enable(uid=uid, enabled=False)
    with pytest.raises(TaskDisabled):
        runtime.instances.execute(uid=uid)


def test_without_the_grant_an_operation_is_refused(runtime: Runtime, publish) -> None:
    uid, nobody = publish("orders"), _principal()
    record = runtime.instances.execute(uid=uid).uid
    for call in (
        lambda: runtime.instances.execute(uid=uid, principal=nobody),
        lambda: runtime.instances.list(InstanceFilter(), uid=uid, principal=nobody),
        lambda: runtime.instances.get(record, nobody),
        lambda: runtime.instances.terminate(record, nobody),
        lambda: runtime.instances.terminate_task(uid=uid, principal=nobody),
    ):
        with pytest.raises(PermissionDenied):
            call()


def test_a_task_outside_the_grant_looks_like_one_that_does_not_exist(runtime: Runtime, publish) -> None:
    mine, other = publish("mine"), publish("other")
    task_id = runtime.tasks.get(uid=mine).id
    caller = _principal(*(Grant(operation, task_id) for operation in Operation))
    runtime.instances.execute(uid=mine, principal=caller)
    record = runtime.instances.execute(uid=other).uid
    messages = []
    for uid in (other, "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(TaskNotFound) as caught:
            runtime.instances.execute(uid=uid, principal=caller)
        messages.append(str(caught.value).replace(uid, ""))
    assert messages[0] == messages[1]
    for call in (runtime.instances.get, runtime.instances.terminate):
        with pytest.raises(InstanceNotFound):
            call(record, caller)


def test_publishing_makes_a_version_and_running_ones_keep_theirs(runtime: Runtime, publish, gate) -> None:
    uid = publish("orders", "GATE")
    run = runtime.instances.execute(uid=uid)
    assert gate.started.acquire(timeout=10)
    task = runtime.tasks.save({**DRAFT, "workName": "orders"})
    assert (task.uid, task.version) == (uid, 1)
    assert runtime.tasks.publish(uid=uid).version == 2
    gate.gate.set()
    assert runtime.instances.wait(run.uid, 10).version == 1
    assert runtime.instances.execute(uid=uid).version == 2


def test_a_name_belongs_to_one_task(runtime: Runtime, publish) -> None:
    publish("orders")
    with pytest.raises(DefinitionInvalid, match="belongs to another task"):
        runtime.tasks.save({**DRAFT, "workName": "orders", "workId": "9cd75924-f2dc-4fb9-9ca0-441c1943157d"})


def test_a_deleted_task_frees_its_name_and_keeps_its_records(runtime: Runtime, publish) -> None:
    uid = publish("orders")
    record = runtime.instances.wait(runtime.instances.execute(uid=uid).uid, 10)
    runtime.tasks.delete(uid=uid)
    with pytest.raises(TaskNotFound):
        runtime.instances.execute(uid=uid)
    assert runtime.instances.get(record.uid).state is State.SUCCEEDED
    assert publish("orders") != uid


def test_unknown_node_types_and_missing_connections_are_named(runtime: Runtime) -> None:
    with pytest.raises(DefinitionInvalid, match=r"nodes\[0\]\.type: there is no node type 'MAGIC'"):
        runtime.tasks.save({"workName": "x", "nodes": [{"id": "n", "type": "MAGIC"}]})


def test_connections_are_checked_saved_and_deleted(runtime: Runtime) -> None:
    with pytest.raises(DefinitionInvalid, match="kind: 'oracle'"):
        runtime.connections.save(Connection("c", "oracle"))
    with pytest.raises(DefinitionInvalid, match="path"):
        runtime.connections.save(Connection("c", "sqlite"))
    runtime.connections.save(Connection("c", "sqlite", {"path": "a.db"}))
    runtime.connections.save(Connection("c", "sqlite", {"path": "b.db"}))
    assert runtime.connections.get("c").settings == {"path": "b.db"}
    runtime.connections.delete("c")
    assert runtime.connections.list() == []


def test_applications_get_random_ids_and_secrets(runtime: Runtime) -> None:
    one, two = runtime.access.create("one"), runtime.access.create("two", method="digest", digest_algorithm="sm3")
    assert len({one.client_id, two.client_id, one.secret, two.secret}) == 4
    assert len(one.secret or "") == len(one.client_id) == 32
    assert two.digest_algorithm == "SM3"
    assert [application.name for application in runtime.access.list()] == ["one", "two"]


def test_a_page_application_has_no_secret_and_is_bound(runtime: Runtime, publish) -> None:
    task_id = runtime.tasks.get(uid=publish("orders")).id
    with pytest.raises(DefinitionInvalid, match=r"origins.*grants"):
        runtime.access.create("page", method="page", grants=[Grant(Operation.EXECUTE)])
    page = runtime.access.create(
        "page", method="page", grants=[Grant(Operation.EXECUTE, task_id)], origins=["https://reports.example.com"]
    )
    assert page.secret is None


def test_grants_come_and_go(runtime: Runtime) -> None:
    client_id = runtime.access.create("one").client_id
    execute = Grant(Operation.EXECUTE)
    assert runtime.access.grant(client_id, [execute, execute]).grants == (execute,)
    assert runtime.access.revoke(client_id, [execute]).grants == ()
    assert not runtime.access.enable(client_id, False).enabled
    runtime.access.delete(client_id)
    with pytest.raises(AuthenticationFailed):
        runtime.access.grant(client_id, [execute])


def test_waiting_returns_the_current_state_when_the_time_is_up(runtime: Runtime, publish, gate) -> None:
    run = runtime.instances.execute(uid=publish("orders", "GATE"))
    assert gate.started.acquire(timeout=10)
    assert runtime.instances.wait(run.uid, 0.05).state is State.RUNNING


def test_a_deleted_task_comes_back_under_its_id_unpublished(runtime: Runtime, publish) -> None:
    uid = publish("orders")
    draft = runtime.tasks.get(uid=uid).draft
    runtime.tasks.delete(uid=uid)
    assert runtime.tasks.save(draft).uid == uid
    with pytest.raises(TaskNotPublished):
        runtime.instances.execute(uid=uid)
    assert runtime.tasks.publish(uid=uid).version == 2


@pytest.mark.parametrize(
    ("changes", "key"),
    [({"rate": "often"}, "rate"), ({"origins": ["bi.example.com"]}, "origins"), ({"method": "magic"}, "method")],
)
def test_an_application_that_could_never_call_is_refused(runtime: Runtime, changes: dict, key: str) -> None:
    with pytest.raises(DefinitionInvalid, match=key):
        runtime.access.create("one", **changes)
