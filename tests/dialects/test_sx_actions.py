"""The actions of SchedulerX against the real service (schedulerx.md sections 5 and 7)."""

import json

import pytest
from sx_service import GROUP, NAMESPACE, Service

from fdl_trigger.domain.states import Reason


def test_a_call_runs_the_task_and_its_instance_is_known_everywhere(schedulerx: Service) -> None:
    answer = schedulerx.call("ExecuteJob", JobId=schedulerx.task.id, InstanceParameters="一二三")
    number = answer.data["JobInstanceId"]
    assert isinstance(number, int)
    assert list(answer.body) == ["RequestId", "Code", "Success", "Data"]
    detail = schedulerx.detail(number)
    assert (detail["Status"], detail["TriggerType"], detail["TimeType"]) == (1, 3, 100)
    assert (detail["Parameters"], detail["JobName"], detail["Executor"]) == ("一二三", "01数据同步", "reports")
    assert schedulerx.runtime.instances.get(detail["TraceId"]).id == number


def test_the_same_by_acs3_and_by_post_with_everything_in_the_body(schedulerx: Service) -> None:
    first = schedulerx.acs3("ExecuteJob", JobId=schedulerx.task.id, InstanceParameters="a b+c*~/é&=中").data
    second = schedulerx.acs3("ExecuteJob", "POST", {"JobId": str(schedulerx.task.id)}).data
    third = schedulerx.call("ExecuteJob", "POST", JobId=schedulerx.task.id).data
    assert len({one["JobInstanceId"] for one in (first, second, third)}) == 3
    assert schedulerx.detail(first["JobInstanceId"])["Parameters"] == "a b+c*~/é&=中"


def test_two_calls_in_one_second_are_two_instances(schedulerx: Service) -> None:
    assert schedulerx.execute() != schedulerx.execute()


def test_the_answer_is_xml_for_whoever_asks_for_it(schedulerx: Service) -> None:
    parameters = {"Namespace": NAMESPACE, "GroupId": GROUP, "JobId": str(schedulerx.task.id)}
    answer = schedulerx.send(schedulerx.signed("ExecuteJob", parameters, Format="xml"))
    assert answer.text.startswith("<?xml version='1.0' encoding='UTF-8'?><ExecuteJobResponse><RequestId>")
    assert int(answer.data["JobInstanceId"]) > 0
    schedulerx.execute()
    answer = schedulerx.send(schedulerx.signed("GetJobInstanceList", parameters, Format="XML"))
    assert answer.text.count("<JobInstanceDetails>") == 2
    refused = schedulerx.send(schedulerx.signed("ExecuteJob", {**parameters, "JobId": "999"}, Format="XML"))
    assert (refused.code, refused.body["Success"]) == (404, False)
    wrong = schedulerx.send(schedulerx.signed("ExecuteJob", parameters, Format="XML", Secret="no"))
    assert wrong.text.startswith("<?xml version='1.0' encoding='UTF-8'?><Error>")
    assert wrong.code == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"JobId": 92583}, "jobId=92583 is not existed"),
        ({"GroupId": "nobody"}, f"groupid not exist groupId: nobody namespace: {NAMESPACE}"),
        ({"Namespace": "ns"}, f"groupid not exist groupId: {GROUP} namespace: ns"),
        ({"GroupId": "other"}, "jobid: 1 not match groupId: other"),
    ],
)
def test_a_job_that_is_not_there_is_refused_in_upstreams_words(schedulerx: Service, change, message) -> None:
    schedulerx.publish("other", names={"group": "other", "namespace": NAMESPACE})
    answer = schedulerx.call("ExecuteJob", **{"JobId": schedulerx.task.id, **change})
    assert (answer.status, answer.code, answer.body["Success"]) == (200, 404, False)
    assert answer.message == message
    assert "Data" not in answer.body


def test_a_task_that_is_not_exposed_is_no_job(schedulerx: Service) -> None:
    task = schedulerx.publish("hidden", expose={})
    assert schedulerx.call("ExecuteJob", JobId=task.id).message == f"jobId={task.id} is not existed"


def test_a_disabled_job_runs_only_when_its_state_is_not_checked(schedulerx: Service) -> None:
    assert schedulerx.call("DisableJob", JobId=schedulerx.task.id).data is None
    for given in (None, "True", "true"):
        assert schedulerx.call("ExecuteJob", JobId=schedulerx.task.id, CheckJobStatus=given).code == 409
    for given in ("False", "false"):
        assert schedulerx.call("ExecuteJob", JobId=schedulerx.task.id, CheckJobStatus=given).code == 200
    schedulerx.call("EnableJob", JobId=schedulerx.task.id)
    assert schedulerx.call("ExecuteJob", JobId=schedulerx.task.id).code == 200


def test_a_json_object_gives_values_to_parameters(schedulerx: Service) -> None:
    params = [{"name": "day", "value": "x"}, {"name": "key", "type": "SECRET"}]
    task = schedulerx.publish("with parameters", params=params)
    text = json.dumps({"day": "2026-01-05", "key": "very secret"})
    number = schedulerx.execute(task, InstanceParameters=text)
    answer = schedulerx.call("GetJobInstance", JobId=task.id, JobInstanceId=number)
    assert json.loads(answer.data["JobInstanceDetail"]["Parameters"]) == {"day": "2026-01-05", "key": "******"}
    assert "very secret" not in answer.text


def test_a_task_may_take_the_whole_text(schedulerx: Service) -> None:
    task = schedulerx.publish("whole", params=[{"name": "instanceParameters", "value": ""}])
    number = schedulerx.execute(task, InstanceParameters='{"a": 1}')
    answer = schedulerx.call("GetJobInstance", JobId=task.id, JobInstanceId=number)
    assert answer.data["JobInstanceDetail"]["Parameters"] == '{"a": 1}'


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}', "[1]", "1" * 5000, "[" * 9000])
def test_a_text_that_is_no_json_object_is_kept_as_it_is(schedulerx: Service, text) -> None:
    number = schedulerx.execute(InstanceParameters=text)
    assert schedulerx.detail(number)["Parameters"] == text


def test_a_run_is_followed_to_its_end(schedulerx: Service) -> None:
    number = schedulerx.execute()
    waiting = schedulerx.detail(number)
    assert "StartTime" not in waiting
    assert "EndTime" not in waiting
    claim = schedulerx.claim()
    assert schedulerx.detail(number)["Status"] == 3
    schedulerx.clock.now += 5000
    from fdl_trigger.domain.records import Counts
    from fdl_trigger.store.journal import NO_ENTRIES

    schedulerx.runtime.store.instances.succeed(claim, Counts(), NO_ENTRIES)
    ended = schedulerx.detail(number)
    assert ended["Status"] == 4
    assert ended["EndTime"] > ended["StartTime"]


def test_the_list_is_newest_first_filtered_and_paged(schedulerx: Service) -> None:
    numbers = [schedulerx.execute() for _ in range(12)]
    schedulerx.succeed()

    def listed(**parameters):
        answer = schedulerx.call("GetJobInstanceList", JobId=schedulerx.task.id, **parameters)
        return [one["InstanceId"] for one in answer.data["JobInstanceDetails"]]

    assert listed() == numbers[:1:-1]
    assert listed(PageNum=2) == numbers[1::-1]
    assert listed(PageSize=3, PageNum=4) == numbers[2::-1]
    assert listed(Status=4) == [numbers[0]]
    assert len(listed(Status=1, PageSize=50)) == 11
    assert listed(Status=9) == []
    assert listed(StartTimestamp=schedulerx.clock.now + 1) == []
    assert listed(EndTimestamp=schedulerx.clock.now - 1) == []
    assert len(listed(StartTimestamp=schedulerx.clock.now, EndTimestamp=schedulerx.clock.now)) == 10


def test_a_stopped_run_reads_as_failed_and_cannot_be_stopped_again(schedulerx: Service) -> None:
    number = schedulerx.execute()
    assert schedulerx.call("StopInstance", JobId=schedulerx.task.id, InstanceId=number).data is None
    assert schedulerx.detail(number)["Status"] == 5
    again = schedulerx.call("StopInstance", JobId=schedulerx.task.id, InstanceId=number)
    assert (again.status, again.code) == (200, 409)
    stopped = schedulerx.runtime.instances.get(schedulerx.detail(number)["TraceId"])
    assert stopped.reason is Reason.USER


def test_an_instance_of_another_job_is_not_there(schedulerx: Service) -> None:
    number, other = schedulerx.execute(), schedulerx.publish("other")
    for action, key in (("GetJobInstance", "JobInstanceId"), ("StopInstance", "InstanceId")):
        answer = schedulerx.call(action, JobId=other.id, **{key: number})
        assert answer.message == f"jobInstanceId={number} is not existed"
        assert schedulerx.call(action, JobId=other.id, **{key: 2**60}).code == 404


def test_a_finished_run_is_retried_as_a_new_one(schedulerx: Service) -> None:
    number = schedulerx.execute()
    refused = schedulerx.call("RetryJobInstance", "POST", JobId=schedulerx.task.id, JobInstanceId=number)
    assert refused.code == 409
    schedulerx.succeed()
    assert schedulerx.call("RetryJobInstance", "POST", JobId=schedulerx.task.id, JobInstanceId=number).data is None
    newest = schedulerx.call("GetJobInstanceList", JobId=schedulerx.task.id).data["JobInstanceDetails"][0]
    assert (newest["InstanceId"] > number, newest["TriggerType"]) == (True, 4)


def test_a_range_of_dates_is_run_again(schedulerx: Service) -> None:
    day = 86_400_000
    start = schedulerx.clock.now - 2 * day
    given = {"JobId": schedulerx.task.id, "StartDate": start, "EndDate": start + day, "DataTime": "00:00:00"}
    assert schedulerx.call("RerunJob", "POST", **given).data is None
    found = schedulerx.call("GetJobInstanceList", JobId=schedulerx.task.id).data["JobInstanceDetails"]
    assert len({one["DataTime"] for one in found}) == 2
    assert schedulerx.call("RerunJob", "POST", **{**given, "EndDate": start - day}).code == "InvalidEndDate"
    assert schedulerx.call("RerunJob", "POST", **{**given, "DataTime": "noon"}).code == "InvalidDataTime"


def test_a_failed_run_can_count_as_succeeded_here(schedulerx: Service) -> None:
    number = schedulerx.execute()
    given = {"JobId": schedulerx.task.id, "JobInstanceId": number}
    assert schedulerx.call("SetJobInstanceSuccess", "POST", **given).code == 409
    schedulerx.call("StopInstance", JobId=schedulerx.task.id, InstanceId=number)
    for _ in range(2):
        assert schedulerx.call("SetJobInstanceSuccess", "POST", **given).data is None
    assert schedulerx.detail(number)["Status"] == 4
    [listed] = schedulerx.call("GetJobInstanceList", JobId=schedulerx.task.id).data["JobInstanceDetails"]
    assert listed["Status"] == 4


def test_jobs_are_told_and_listed(schedulerx: Service) -> None:
    other = schedulerx.publish("other", control={"retry": {"enabled": True, "times": 2, "intervalMinutes": 1}})
    by_id = schedulerx.call("GetJobInfo", JobId=other.id).data["JobConfigInfo"]
    assert by_id == schedulerx.call("GetJobInfo", JobName="other").data["JobConfigInfo"]
    assert (by_id["Name"], by_id["Status"], by_id["MaxAttempt"], by_id["AttemptInterval"]) == ("other", 1, 2, 60)
    assert by_id["MaxConcurrency"] == "1"
    assert schedulerx.call("GetJobInfo", JobName="nobody").code == 404
    assert schedulerx.call("GetJobInfo").code == "MissingJobId"
    page = schedulerx.call("ListJobs").data
    assert ([one["JobId"] for one in page["Jobs"]], page["Total"]) == ([schedulerx.task.id, other.id], 2)
    assert [one["Name"] for one in schedulerx.call("ListJobs", JobName="oth").data["Jobs"]] == ["other"]
    assert schedulerx.call("ListJobs", PageSize=1, PageNum=2).data["Jobs"][0]["JobId"] == other.id
    schedulerx.call("DisableJob", JobId=other.id)
    assert [one["Name"] for one in schedulerx.call("ListJobs", Status=0).data["Jobs"]] == ["other"]


def test_jobs_are_switched_and_deleted_together_or_not_at_all(schedulerx: Service) -> None:
    other = schedulerx.publish("other")
    both = {"JobIdList.1": schedulerx.task.id, "JobIdList.2": other.id}
    assert schedulerx.call("BatchDisableJobs", "POST", **both).data is None
    assert schedulerx.call("ListJobs", Status=0).data["Total"] == 2
    assert schedulerx.call("BatchEnableJobs", "POST", **{**both, "JobIdList.3": 999}).code == 404
    assert schedulerx.call("ListJobs", Status=0).data["Total"] == 2
    assert schedulerx.call("BatchEnableJobs", "POST", **both).data is None
    assert schedulerx.call("BatchEnableJobs", "POST").code == "MissingJobIdList"
    assert schedulerx.call("DeleteJob", JobId=other.id).data is None
    assert schedulerx.call("BatchDeleteJobs", "POST", **{"JobIdList.1": schedulerx.task.id}).data is None
    assert schedulerx.call("ListJobs").code == 404


def test_the_log_of_a_run_is_read_in_parts(schedulerx: Service) -> None:
    number = schedulerx.execute()
    given = {"JobId": schedulerx.task.id, "JobInstanceId": number}
    assert schedulerx.call("GetLog", **given).data == {"Logs": []}
    assert schedulerx.call("GetLog", **given, Line=201).code == "InvalidLine"
    assert schedulerx.call("GetLog", **given, Reverse="maybe").code == "InvalidReverse"


def test_groups_and_namespaces_are_those_that_tasks_name_and_those_created(schedulerx: Service) -> None:
    [group] = schedulerx.call("ListGroups", "POST").data["AppGroups"]
    assert (group["GroupId"], group["Namespace"]) == (GROUP, NAMESPACE)
    assert schedulerx.call("ListGroups", "POST", AppGroupName="other").data["AppGroups"] == []
    made = schedulerx.call("CreateNamespace", "POST", Name="测试", Uid="ns-2", Description="d").data
    assert made == {"NamespaceUid": "ns-2"}
    assert schedulerx.call("CreateNamespace", "POST", Name="again", Uid="ns-2").code == "InvalidParameter"
    assert schedulerx.call("CreateNamespace", "POST", Name="x", Uid="a b").code == "InvalidUid"
    assert len(schedulerx.call("CreateNamespace", "POST", Name="own").data["NamespaceUid"]) == 36
    found = schedulerx.call("ListNamespaces", "POST", Namespace="").data["Namespaces"]
    assert {one["UId"]: one["Name"] for one in found}.items() >= {"ns-2": "测试", NAMESPACE: NAMESPACE}.items()
    [one] = schedulerx.call("ListNamespaces", "POST", Namespace="ns-2").data["Namespaces"]
    assert one == {"UId": "ns-2", "Name": "测试", "Description": "d"}


def test_a_job_is_created_changed_and_run(schedulerx: Service) -> None:
    given = {
        "Name": "nightly",
        "JobType": "java",
        "ClassName": "01数据同步",
        "ExecuteMode": "standalone",
        "TimeType": 1,
        "TimeExpression": "0 0 8 ? * MON-FRI",
        "MaxAttempt": 2,
        "AttemptInterval": 30,
        "Parameters": "p",
        "Timeout": 60,
    }
    number = schedulerx.call("CreateJob", "POST", **given).data["JobId"]
    info = schedulerx.call("GetJobInfo", JobId=number).data["JobConfigInfo"]
    assert info["TimeConfig"] == {"TimeType": 1, "TimeExpression": "0 0 8 ? * MON-FRI"}
    assert (info["MaxAttempt"], info["Parameters"]) == (2, '{"instanceParameters": "p"}')
    change = {"JobId": number, "Description": "new", "TimeType": 100, "MaxConcurrency": 3}
    assert schedulerx.call("UpdateJob", "POST", **change).data is None
    info = schedulerx.call("GetJobInfo", JobId=number).data["JobConfigInfo"]
    assert (info["Description"], info["TimeConfig"]["TimeType"], info["MaxConcurrency"]) == ("new", 100, "3")
    assert schedulerx.call("ExecuteJob", JobId=number).code == 200


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Name": None}, "MissingName"),
        ({"JobType": "go", "ClassName": None}, "InvalidJobType"),
        ({"ExecuteMode": "broadcast"}, "InvalidExecuteMode"),
        ({"TimeType": 3}, "InvalidTimeType"),
        ({"TimeType": 1}, "MissingTimeExpression"),
        ({"TimeType": 1, "TimeExpression": "every day"}, 400),
        ({"JobType": "shell", "Content": "echo 1"}, 400),
        ({"GroupId": "a b"}, 400),
    ],
)
def test_a_job_that_cannot_be_is_refused(schedulerx: Service, change, code) -> None:
    given = {"Name": "n", "JobType": "java", "ClassName": "x", "ExecuteMode": "standalone", "TimeType": 100}
    assert schedulerx.call("CreateJob", "POST", **{**given, **change}).code == code
