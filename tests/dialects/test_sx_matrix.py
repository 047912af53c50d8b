"""Every action of SchedulerX × every way it can go, generated from the table of actions."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from sx_service import Service

from fdl_trigger.dialects.schedulerx.actions import Action, actions_of
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Grant

ACTIONS = tuple(
    actions_of(SimpleNamespace(exposure=None, instances=None)).values()
)  # for their names; nothing is called
FINISHED, WAITING, NEITHER = "finished", "waiting", ""


@dataclass(frozen=True)
class Case:
    """What an action takes: an instance in a state, a number that makes it miss, a parameter nobody can read."""

    needs: str = NEITHER
    key: str = "JobInstanceId"
    given: tuple[tuple[str, Any], ...] = ()
    misses: str = "JobId"
    bad: str = "JobId"
    has_wrong_state: bool = False


_NEW = (("Name", "new"), ("JobType", "java"), ("ClassName", "x"), ("ExecuteMode", "standalone"), ("TimeType", 100))
CASES: dict[str, Case] = {
    "ExecuteJob": Case(has_wrong_state=True),
    "GetJobInstance": Case(WAITING),
    "GetJobInstanceList": Case(bad="PageNum"),
    "StopInstance": Case(WAITING, "InstanceId", has_wrong_state=True),
    "RetryJobInstance": Case(FINISHED, has_wrong_state=True),
    "RerunJob": Case(given=(("StartDate", 1_760_000_000_000), ("EndDate", 1_760_000_000_000)), bad="StartDate"),
    "SetJobInstanceSuccess": Case(FINISHED, has_wrong_state=True),
    "GetLog": Case(WAITING, bad="Line"),
    "GetJobInfo": Case(),
    "ListJobs": Case(bad="PageSize", misses="GroupId"),
    "EnableJob": Case(),
    "DisableJob": Case(),
    "DeleteJob": Case(),
    "BatchEnableJobs": Case(given=(("JobIdList.1", 1),), misses="JobIdList.1", bad="JobIdList.1"),
    "BatchDisableJobs": Case(given=(("JobIdList.1", 1),), misses="JobIdList.1", bad="JobIdList.1"),
    "BatchDeleteJobs": Case(given=(("JobIdList.1", 1),), misses="JobIdList.1", bad="JobIdList.1"),
    "CreateJob": Case(given=_NEW, misses="", bad="TimeType"),
    "UpdateJob": Case(given=(("Description", "d"),), bad="MaxAttempt"),
    "ListGroups": Case(misses="", bad=""),
    "ListNamespaces": Case(misses="", bad=""),
    "CreateNamespace": Case(given=(("Name", "n"),), misses="", bad=""),
}
NAMES = [action.name for action in ACTIONS]


def parameters(schedulerx: Service, action: Action, *, wrong_state: bool = False) -> dict[str, Any]:
    case = CASES[action.name]
    if wrong_state and action.name == "ExecuteJob":
        schedulerx.runtime.tasks.enable(uid=schedulerx.task.uid, enabled=False)
    given = {"JobId": schedulerx.task.id, **dict(case.given)}
    if case.needs:
        number = schedulerx.execute()
        if (case.needs == FINISHED) != wrong_state:
            schedulerx.succeed()
        given[case.key] = number
    return given


def as_application(schedulerx: Service, *operations: Operation, task_id: int | None = None) -> None:
    grants = [Grant(one, task_id) for one in operations]
    schedulerx.application = schedulerx.runtime.access.create("another", grants=grants)


def test_every_action_has_its_case() -> None:
    assert set(CASES) == set(NAMES)
    assert len(NAMES) == 21


@pytest.mark.parametrize("action", ACTIONS, ids=NAMES)
@pytest.mark.parametrize("way", ["RPC by GET", "RPC by POST", "ACS3", "XML"])
def test_it_works_for_whoever_may(schedulerx: Service, action: Action, way: str) -> None:
    given = parameters(schedulerx, action)
    as_application(schedulerx, action.operation)
    if way == "ACS3":
        answer = schedulerx.acs3(action.name, **given)
    else:
        form = {"Format": "XML"} if way == "XML" else {}
        answer = schedulerx.call(action.name, "POST" if way == "RPC by POST" else "GET", **given, **form)
    assert (answer.status, answer.code, answer.body["Success"]) == (200, 200, True), answer.text


@pytest.mark.parametrize("action", ACTIONS, ids=NAMES)
def test_nobody_gets_in_without_a_right_signature(schedulerx: Service, action: Action) -> None:
    given = {name: str(value) for name, value in parameters(schedulerx, action).items()}
    before = _state(schedulerx)
    unsigned = {"Action": action.name, "Version": "2019-04-30", **given}
    assert schedulerx.send(unsigned).code == "MissingAccessKeyId"
    wrong = schedulerx.send(schedulerx.signed(action.name, given, Secret="0" * 32))
    assert wrong.code == "SignatureDoesNotMatch"
    request = schedulerx.acs3_request(action.name, **given)
    request["headers"]["Authorization"] = request["headers"]["Authorization"][:-64] + "0" * 64
    assert schedulerx.open("/", "GET", **request).code == "SignatureDoesNotMatch"
    assert _state(schedulerx) == before


@pytest.mark.parametrize("action", ACTIONS, ids=NAMES)
def test_nobody_does_what_they_have_no_grant_for(schedulerx: Service, action: Action) -> None:
    given = parameters(schedulerx, action)
    before = _state(schedulerx)
    as_application(schedulerx, *(one for one in Operation if one is not action.operation))
    answer = schedulerx.call(action.name, **given)
    assert (answer.status, answer.code) == (403, "Forbidden.RAM")
    assert _state(schedulerx) == before


@pytest.mark.parametrize("action", ACTIONS, ids=NAMES)
def test_a_grant_on_another_task_shows_nothing_of_this_one(schedulerx: Service, action: Action) -> None:
    given = parameters(schedulerx, action)
    other = schedulerx.publish("other", names={"group": "o", "namespace": "o"})
    before = _state(schedulerx)
    as_application(schedulerx, action.operation, task_id=other.id)
    answer = schedulerx.call(action.name, **given)
    assert "01数据同步" not in answer.text
    if action.name not in ("ListGroups", "ListNamespaces"):
        assert answer.code != 200
    assert _state(schedulerx) == before


@pytest.mark.parametrize("action", [one for one in ACTIONS if CASES[one.name].misses], ids=lambda one: one.name)
def test_what_is_not_there_is_refused_by_the_job(schedulerx: Service, action: Action) -> None:
    given = {**parameters(schedulerx, action), CASES[action.name].misses: 92583}
    answer = schedulerx.call(action.name, **given)
    assert (answer.status, answer.code, answer.body["Success"]) == (200, 404, False)
    assert "Data" not in answer.body


@pytest.mark.parametrize("action", [one for one in ACTIONS if CASES[one.name].bad], ids=lambda one: one.name)
@pytest.mark.parametrize("value", ["x", "-2", "1.5", "1e3", "0x1", "9" * 30, "²"])
def test_a_parameter_that_cannot_be_read_is_named(schedulerx: Service, action: Action, value: str) -> None:
    bad = CASES[action.name].bad
    answer = schedulerx.call(action.name, **{**parameters(schedulerx, action), bad: value})
    assert (answer.status, answer.code) == (400, f"Invalid{bad}")


@pytest.mark.parametrize(
    "action", [one for one in ACTIONS if CASES[one.name].has_wrong_state], ids=lambda one: one.name
)
def test_the_wrong_state_is_refused_by_the_job(schedulerx: Service, action: Action) -> None:
    answer = schedulerx.call(action.name, **parameters(schedulerx, action, wrong_state=True))
    assert (answer.status, answer.code, answer.body["Success"]) == (200, 409, False)


def _state(schedulerx: Service) -> Any:
    runtime = schedulerx.runtime
    instances = runtime.store.database.read("SELECT uid, state, terminate_requested_at FROM instance ORDER BY id")
    tasks = [(one.uid, one.version, one.enabled, one.draft) for one in runtime.tasks.list()]
    marks = runtime.store.database.read("SELECT instance_id FROM instance_mark")
    return tasks, [tuple(row) for row in instances], marks, runtime.exposure.namespaces()
