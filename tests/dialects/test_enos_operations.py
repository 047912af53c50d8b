"""The operations of the EnOS dialect, one by one."""

import json

import pytest
from enos_service import NOW, ORG, USER, enos_service

from fdl_trigger.dialects.enos.errors import BAD_BODY, CANNOT_CREATE, LOCKED, NO_INSTANCE, NO_LOG, NO_TASK
from fdl_trigger.domain.flow import Extent
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Counts, Grant, LogLine, Principal
from fdl_trigger.domain.states import Reason, Trigger
from fdl_trigger.store.journal import JournalEntries

MINUTE = "20200706062600"


@pytest.fixture
def service(tmp_path):
    with enos_service(tmp_path) as service:
        yield service


def test_an_instance_is_named_by_its_flow_and_the_minute_of_its_trigger_time(service) -> None:
    assert service.trigger() == f"{service.flow.id}-{MINUTE}"


def test_numbers_may_come_as_texts_and_bodies_as_texts_of_json(service) -> None:
    body = {"flowId": str(service.flow.id), "triggerTime": f"{NOW}"}
    wrapped = json.dumps(json.dumps(body)).encode()
    assert service.call("flows", "trigger", wrapped) == {"flowInstanceId": f"{service.flow.id}-{MINUTE}"}


def test_a_flow_is_not_triggered_twice_for_one_minute_whatever_became_of_the_first(service) -> None:
    service.trigger()
    service.succeed("a")
    again = {"flowId": service.flow.id, "triggerTime": NOW // 60_000 * 60_000}
    for action in ("trigger", "updateAndTrigger"):
        assert service.refused("flows", action, again) == (62102, CANNOT_CREATE)
    assert service.trigger(NOW + 60_000) == f"{service.flow.id}-20200706062700"


def test_the_setting_adds_a_least_time_between_two_triggers(tmp_path) -> None:
    with enos_service(tmp_path, min_trigger_interval_s=60.0) as service:
        service.trigger()
        later = {"flowId": service.flow.id, "triggerTime": NOW + 60_000}
        service.clock.now += 59_999
        assert service.refused("flows", "trigger", later) == (62102, CANNOT_CREATE)
        service.clock.now += 1
        service.trigger(NOW + 60_000)


def test_a_trigger_from_a_task_runs_it_and_what_is_downstream(service) -> None:
    body = {"flowId": service.flow.id, "taskId": str(service.task_ids()["b"]), "triggerTime": NOW}
    service.call("flows", "triggerFromTask", body)
    claim = service.claim()
    assert (claim.portion.extent, claim.portion.node_id) == (Extent.FROM, "b")
    assert claim.service_date == NOW


@pytest.mark.parametrize("changes", [{"flowId": 999}, {"taskId": 999}], ids=["flow", "task"])
def test_an_unknown_flow_or_task_is_told_as_one_that_cannot_be_created(service, changes) -> None:
    body = {"flowId": service.flow.id, "taskId": service.task_ids()["b"], "triggerTime": NOW, **changes}
    assert service.refused("flows", "triggerFromTask", body) == (62102, CANNOT_CREATE)


def test_the_task_of_another_flow_cannot_be_started_from(service) -> None:
    other = service.publish("other")
    body = {"flowId": other.id, "taskId": service.task_ids()["b"], "triggerTime": NOW}
    assert service.refused("flows", "triggerFromTask", body) == (62102, CANNOT_CREATE)


def test_a_future_trigger_time_makes_an_instance_that_starts_then(service) -> None:
    found = service.instance(service.trigger(NOW + 60_000))
    assert (found["status"], found["statusDesc"], found["startTime"]) == (0, "INIT", None)
    assert service.runtime.store.instances.claim_due(1, "test") == []
    service.clock.now += 60_000
    assert service.instance(found["instanceId"])["status"] == 5
    service.claim()
    assert service.instance(found["instanceId"])["status"] == 2


def test_instances_of_a_flow_run_one_at_a_time_in_the_order_they_came(service) -> None:
    first, second = service.trigger(), service.trigger(NOW - 60_000)
    service.claim()
    assert service.runtime.store.instances.claim_due(1, "test") == []
    assert [service.instance(one)["status"] for one in (first, second)] == [2, 5]


def test_parameters_count_for_the_one_instance(service) -> None:
    flow = service.publish("with parameters", params=[{"name": "day", "value": "1"}, {"name": "k", "type": "SECRET"}])
    body = {"flowId": flow.id, "triggerTime": NOW, "parameters": [{"key": "day", "value": "二"}]}
    found = service.instance(service.call("flows", "updateAndTrigger", body)["flowInstanceId"])
    assert json.loads(found["parameters"]) == [{"key": "day", "value": "二"}]


def test_an_instance_is_told_as_the_contract_says(service) -> None:
    tasks, uid = service.task_ids(), service.trigger()
    service.succeed("b", "d")
    found = service.instance(uid)
    assert (found["instanceId"], found["flowId"], found["flowName"]) == (uid, service.flow.id, "流程")
    assert (found["status"], found["statusDesc"]) == (1, "SUCCESS")
    assert (found["triggerTime"], found["timestamp"]) == ("2020-07-06 06:26:59", "2020-07-06 06:26:59.0")
    assert (found["calDt"], found["alertMode"], found["virtual"], found["owner"]) == ("2020-07-06", 0, False, USER)
    assert isinstance(found["graph"], str)
    graph = json.loads(found["graph"])
    assert (graph["instId"], graph["name"]) == (uid, "流程")
    assert {task["taskName"][-1]: task["status"] for task in graph["tasks"]} == {
        "a": "SKIP",
        "b": "SUCCESS",
        "c": "SKIP",
        "d": "SUCCESS",
    }
    b = next(task for task in graph["tasks"] if task["taskName"] == "任务 b")
    assert (b["taskId"], b["nodeId"], b["taskInstId"]) == (tasks["b"], f"t_{tasks['b']}", f"{tasks['b']}-{MINUTE}")
    assert graph["relations"][0] == {
        "cycleGap": "D0",
        "rerun": True,
        "source": f"t_{tasks['a']}",
        "target": f"t_{tasks['b']}",
    }


def test_an_instance_started_elsewhere_is_found_by_a_number_of_its_own(service) -> None:
    one = service.runtime.instances.execute(uid=service.flow.uid)
    name = f"{service.flow.id}-{one.id:014d}"
    assert service.instance(name)["status"] == 5
    assert service.call("flowInstances", "search")["flowInsts"][0]["instanceId"] == name
    service.call("flowInstances", "cancel", {"flowInstId": name})
    assert service.runtime.instances.get(one.uid).reason is Reason.USER


def test_what_this_dialect_starts_is_the_same_instance_elsewhere(service) -> None:
    service.trigger()
    [one] = service.runtime.instances.list(service_filter(), uid=service.flow.uid)
    assert (one.trigger, one.trigger_by, one.service_date) == (Trigger.API, USER, NOW)


def service_filter():
    from fdl_trigger.domain.records import InstanceFilter

    return InstanceFilter()


def test_a_waiting_instance_is_cancelled_and_one_that_has_ended_stays_as_it_is(service) -> None:
    uid = service.trigger()
    for _ in range(2):
        assert service.call("flowInstances", "cancel", {"flowInstId": uid}) == ""
        assert service.instance(uid)["status"] == 8


def test_a_search_filters_sorts_and_counts(service) -> None:
    names = [service.trigger(NOW + minutes * 60_000) for minutes in (0, -1, 2)]
    service.succeed()

    def found(**body):
        answer = service.call("flowInstances", "search", body)
        assert answer["count"] >= len(answer["flowInsts"])
        return [one["instanceId"] for one in answer["flowInsts"]]

    assert found() == names
    assert found(pagination={"pageNo": 0, "sorters": [{"field": "triggerTime", "order": "DESC"}]}) == [
        names[2],
        names[0],
        names[1],
    ]
    assert found(pagination={"sorters": [{"field": "trigger_time"}], "pageSize": "1", "pageNo": 2}) == [names[0]]
    assert found(fromTriggerTime=str(NOW), toTriggerTime=NOW + 120_000) == [names[0]]
    assert found(status="0") == [names[2]]
    assert found(status="1,5") == names[:2]
    assert found(status="3") == found(type=1) == found(owner="nobody") == found(expression="no") == []
    assert found(status="", owner=f"x,{USER}", expression="流", type="0") == names
    listed = service.call("flowInstances", "search", {})["flowInsts"][0]
    assert listed["isCancelled"] is False
    assert "calDt" not in listed


@pytest.mark.parametrize("field", ["uid; DROP TABLE", "", None, 5])
def test_an_unknown_sorter_is_refused(service, field) -> None:
    body = {"pagination": {"sorters": [{"field": field}]}}
    assert service.refused("flowInstances", "search", body) == (62102, "The sorters field parameter is invalid")


def test_the_run_of_a_task_and_its_log(service) -> None:
    tasks, uid = service.task_ids(), service.trigger()
    claim = service.claim()
    from fdl_trigger.domain.records import NodeRun
    from fdl_trigger.domain.states import State

    run = NodeRun("b", "任务 b", State.SUCCEEDED, 2, NOW, NOW + 1000, Counts(), None)
    log = (LogLine(1, NOW, "任务 b", "INFO", "你好"), LogLine(2, NOW, "任务 a", "INFO", "no"))
    service.runtime.store.instances.succeed(claim, Counts(), JournalEntries(node_runs=(run,), log=log))
    name = f"{tasks['b']}-{MINUTE}"
    found = service.call("taskInstances", "get", {"taskInstId": name})
    assert (found["instanceId"], found["flowInstId"], found["taskName"]) == (name, uid, "任务 b")
    assert (found["status"], found["runNum"], found["recallNum"]) == (1, 2, 1)
    assert (found["startTime"], found["endTime"]) == ("2020-07-06 06:26:59", "2020-07-06 06:27:00")
    asked = {"taskInstId": name, "maxLength": ""}
    assert service.call("taskInstances", "getLog", asked) == {"log": "2020-07-06 06:26:59 INFO 你好"}
    assert service.call("taskInstances", "getLog", {**asked, "maxLength": 2}) == {"log": "你好"}
    for node in ("a", "c"):
        missing = {"taskInstId": f"{tasks[node]}-{MINUTE}"}
        assert service.refused("taskInstances", "get", missing) == (62102, NO_INSTANCE)


def test_a_run_without_log_is_told_so(service) -> None:
    tasks = service.task_ids()
    service.trigger()
    service.succeed("b")
    asked = {"taskInstId": f"{tasks['b']}-{MINUTE}"}
    assert service.refused("taskInstances", "getLog", asked) == (62109, NO_LOG)


@pytest.mark.parametrize("name", ["", "x", "1-2", "999-20200706062600", "1-20200706062600", "1-00000000000099"])
def test_an_instance_there_is_not_is_not_found(service, name) -> None:
    code, _ = service.refused("flowInstances", "get", {"flowInstId": name})
    assert code == 62102
    assert service.refused("taskInstances", "get", {"taskInstId": name}) == (62102, NO_INSTANCE)


def test_flows_are_listed_for_those_who_may_see_them(service) -> None:
    seen = service.publish("seen", ("other",))
    exposed = {"enos": {"owners": ["other"], "visitors": [USER], "orgId": ORG, "cycle": "D"}}
    visited = service.publish("visited", expose=exposed)
    service.publish("elsewhere", org="o16")
    listed = service.call("flows", "search", {"pagination": {"pageNo": 1, "pageSize": 10}})
    assert listed == [{"flowId": one.id, "flowName": one.name} for one in (service.flow, visited)]
    mine = service.call("flows", "getMyFlow", {"expression": ""})
    assert mine == [{"flowId": str(service.flow.id), "flowName": "流程", "editable": True, "cycle": ""}]
    assert service.refused("flows", "get", {"flowId": seen.id})[0] == 62103
    assert service.call("flows", "loadForEdit", {"flowId": visited.id})["hasEditPri"] is False


def test_only_owners_trigger(service) -> None:
    other = service.publish("seen", ("other",))
    assert service.refused("flows", "trigger", {"flowId": other.id, "triggerTime": NOW})[0] == 62103
    assert (
        service.refused("flows", "trigger", {"flowId": other.id, "triggerTime": NOW}, user="other", org="o16")[0]
        == 62101
    )


def test_a_locked_account_may_not_change_anything(service) -> None:
    service.runtime.users.create(USER, "correct horse (battery)")
    service.trigger()
    service.runtime.users.enable(USER, False)
    body = {"flowId": service.flow.id, "triggerTime": NOW}
    assert service.refused("flows", "trigger", body) == (62105, LOCKED)


def test_a_paused_flow_takes_no_triggers(service) -> None:
    assert service.call("flows", "disable", {"flowId": service.flow.id}) == ""
    assert service.call("flows", "get", {"flowId": service.flow.id})["active"] == 0
    assert service.refused("flows", "trigger", {"flowId": service.flow.id, "triggerTime": NOW}) == (
        62102,
        CANNOT_CREATE,
    )
    assert service.call("flows", "enable", {"flowId": str(service.flow.id)}) == ""
    service.trigger()


def test_an_exported_flow_is_imported_as_another_one_and_over_itself(service) -> None:
    flow_json = service.call("flows", "export", {"flowId": service.flow.id})
    assert [task["name"] for task in flow_json["tasks"]] == [f"任务 {one}" for one in "abcd"]
    directory = service.call("directories", "create", {"dirName": "夜间", "parentId": "0"})["dirId"]
    body = {"flowName": "copy", "desc": "d", "dirId": directory, "flowJson": json.dumps(flow_json)}
    number = service.call("flows", "import", body)["flowId"]
    copy = next(task for task in service.runtime.tasks.list() if task.id == number)
    assert (copy.name, copy.folder, copy.description, copy.version) == ("copy", "/夜间", "d", 1)
    ids = {node["name"]: node["id"] for node in copy.draft["nodes"]}
    lines = [(line["from"], line["to"]) for line in copy.draft["lines"]]
    assert lines == [(ids[f"任务 {a}"], ids[f"任务 {b}"]) for a, b in ("ab", "bd", "cd")]
    before = service.task_ids()
    over = {"flowJson": flow_json, "flowId": service.flow.id}
    assert service.call("flows", "import", over) == {"flowId": service.flow.id}
    assert service.task_ids() == before
    again = service.call("flows", "export", {"flowId": service.flow.id})
    assert again == flow_json


def test_an_export_tells_no_settings_and_an_import_keeps_them(service) -> None:
    call = {"url": "http://127.0.0.1/x", "headers": [{"name": "X-Token", "value": "geheim"}]}
    flow = service.publish("calls", nodes=[{"id": "c", "type": "HTTP_CALL", "config": call}], lines=[])
    exported = service.call("flows", "export", {"flowId": flow.id})
    assert "geheim" not in json.dumps(exported)
    service.call("flows", "import", {"flowJson": exported, "flowId": flow.id})
    assert service.runtime.tasks.get(uid=flow.uid).draft["nodes"][0]["config"] == call


def test_a_flow_is_saved_without_tasks_and_then_with_some(service) -> None:
    body = {"name": "new", "owners": f";{USER};other;", "visitors": "", "freq": "0 0 1 * * ? *", "cycle": "D"}
    number = service.call("flows", "save", body)["flowId"]
    found = service.call("flows", "get", {"flowId": number})
    assert (found["owner"], found["freq"], json.loads(found["graph"])["tasks"]) == (f"{USER};other", body["freq"], [])
    assert service.refused("flows", "trigger", {"flowId": number, "triggerTime": NOW}) == (62104, NO_TASK)
    tasks = [{"name": "one", "type": "VIRTUAL"}, {"name": "two", "type": "VIRTUAL", "retryLimit": 2}]
    relations = [{"sourceTaskName": "one", "targetTaskName": "two"}]
    service.call(
        "flows", "save", {"id": str(number), "name": "new", "tasks": tasks, "relations": relations, "active": 1}
    )
    service.call("flows", "trigger", {"flowId": number, "triggerTime": NOW})
    assert service.refused("flows", "save", {"name": "new"}) == (62102, BAD_BODY)


def test_programs_are_refused_where_they_are_not_switched_on(service) -> None:
    code, text = service.refused("flows", "save", {"name": "new", "tasks": [{"name": "t", "cmd": "echo 1"}]})
    assert (code, text.startswith(BAD_BODY)) == (62102, True)
    assert len(service.runtime.tasks.list()) == 1


def test_a_flow_others_call_is_not_deleted(service) -> None:
    node = {"id": "c", "type": "CALL_TASK", "config": {"task": "流程"}}
    caller = service.publish("caller", nodes=[node], lines=[])
    assert service.refused("flows", "delete", {"flowId": service.flow.id})[0] == 62104
    assert service.call("flows", "delete", {"flowId": caller.id}) == ""
    assert service.call("flows", "delete", {"flowId": service.flow.id}) == ""
    assert service.runtime.tasks.list() == []


def test_directories_form_a_tree_with_the_flows_in_them(service) -> None:
    service.publish("deep", folder="/a/b")
    outer = service.call("directories", "listWorkFlowDirs")
    assert (outer["key"], outer["isDirectory"], outer["children"][1]["title"]) == ("0", True, "流程")
    a = outer["children"][0]
    assert (a["title"], a["children"][0]["title"], a["children"][0]["children"][0]["title"]) == ("a", "b", "deep")
    inner = service.call("directories", "create", {"dirName": "c", "parentId": a["children"][0]["key"]})["dirId"]
    assert service.runtime.numbers.folder(int(inner)) == "/a/b/c"
    assert service.refused("directories", "create", {"dirName": "c", "parentId": a["children"][0]["key"]})[0] == 62102


def test_the_time_is_told_to_anybody(service) -> None:
    assert service.call("time", "getCurrentTime", headers={}) == NOW
    assert service.call("time", "getTimeZone", headers={}) == {"timezone": "GMT+0"}


def test_an_application_sees_only_the_tasks_it_was_granted(service) -> None:
    other = service.publish("other")
    one = service.runtime.access.create("one", grants=[Grant(each, other.id) for each in Operation])
    body = {"flowId": service.flow.id, "triggerTime": NOW}
    assert service.refused("flows", "trigger", body, application=one) == (62102, CANNOT_CREATE)
    assert [found["flowName"] for found in service.call("flows", "search", application=one)] == ["other"]
    service.trigger()
    assert service.call("flowInstances", "search", application=one) == {"flowInsts": [], "count": 0}


def test_a_principal_is_never_local(service) -> None:
    assert Principal("-").is_local is False
