"""static/fdl-trigger.js in a real Chromium, against answers a healthy service does not give on demand."""

import threading
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from scripted_service import ScriptedService, refusal, success

pytestmark = pytest.mark.browser

CALL = """([name, argument]) => new Promise(resolve => FR[name](argument, (error, response) => resolve(
    {failed: !!error, text: error && String(error), code: error && error.code, status: error && error.status,
     message: error && error.message, response})))"""

CALLS = [
    ("GetWorkRecordsByWorkId", {"workId": "w-1", "latest": True, "startTime": ""}, "POST", "fdl/workId/records"),
    ("GetWorkRecordsByWorkName", {"workName": "01数据同步", "latest": True}, "POST", "fdl/workName/records"),
    ("ExecuteWorkByWorkId", {"workId": "w-1", "params": {"day": "2026-01-01"}}, "POST", "fdl/workId/execute"),
    ("ExecuteWorkByWorkName", {"workName": "01数据同步"}, "POST", "fdl/workName/execute"),
    ("TerminateWorkByWorkId", {"workId": "w-1"}, "POST", "fdl/workId/terminate"),
    ("TerminateWorkByWorkName", {"workName": "01数据同步"}, "POST", "fdl/workName/terminate"),
    ("TerminateWorkByRecordId", {"recordId": "r-1"}, "POST", "fdl/recordId/terminate"),
]


def opened(page: Page, service: ScriptedService, attributes: str = "", before: str = "") -> Page:
    """Open a page of the service's own origin that loads the script."""
    source = 'src="/static/fdl-trigger.js" data-client-id="page-1" ' + attributes
    page.goto(service.add_page("/report", source, before))
    return page


def call(page: Page, name: str, argument: object) -> dict[str, Any]:
    """Call an FR function with a callback and return what the callback was handed."""
    outcome: dict[str, Any] = page.evaluate(CALL, [name, argument])
    return outcome


@pytest.mark.parametrize(("name", "argument", "method", "path"), CALLS, ids=[name for name, *_ in CALLS])
def test_a_function_sends_its_argument_as_the_body_to_the_latest_path(
    page: Page, service: ScriptedService, name: str, argument: dict[str, Any], method: str, path: str
) -> None:
    outcome = call(opened(page, service), name, argument)
    assert outcome == outcome | {"failed": False, "response": {"recordId": "r-1"}}
    assert service.calls == [(method, path, {"client_id": ["page-1"]}, argument)]


def test_record_info_takes_a_bare_string_and_sends_it_in_the_query(page: Page, service: ScriptedService) -> None:
    outcome = call(opened(page, service), "GetRecordInfoByRecordId", "r-1 & more")
    assert not outcome["failed"]
    query = {"client_id": ["page-1"], "recordId": ["r-1 & more"]}
    assert service.calls == [("GET", "fdl/record/info", query, None)]


def test_the_response_is_the_data_value_whatever_it_is(page: Page, service: ScriptedService) -> None:
    service.answer = success([{"id": "r-2"}, {"id": "r-1"}])
    outcome = call(opened(page, service), "GetWorkRecordsByWorkId", {"workId": "w-1"})
    assert outcome["response"] == [{"id": "r-2"}, {"id": "r-1"}]


def test_a_promise_is_returned_with_and_without_a_callback(page: Page, service: ScriptedService) -> None:
    opened(page, service)
    assert page.evaluate("FR.ExecuteWorkByWorkId({workId: 'w-1'})") == {"recordId": "r-1"}
    assert page.evaluate("FR.GetRecordInfoByRecordId('r-1', () => {})") == {"recordId": "r-1"}
    service.answer = refusal("31000101", "no such task")
    said = page.evaluate("FR.ExecuteWorkByWorkId({workId: 'w-9'}).catch(error => String(error))")
    assert said == "no such task (code 31000101)"


def test_members_of_an_existing_fr_object_stay_as_they_are(page: Page, service: ScriptedService) -> None:
    before = "<script>var FR = {Msg: 'theirs', TerminateWorkByWorkId: 'theirs too'}</script>"
    opened(page, service, before=before)
    assert page.evaluate("[FR.Msg, FR.TerminateWorkByWorkId]") == ["theirs", "theirs too"]
    assert page.evaluate("typeof FR.FDL.TerminateWorkByWorkId") == "function"
    assert not call(page, "ExecuteWorkByWorkId", {"workId": "w-1"})["failed"]


def test_a_page_without_fr_gets_one(page: Page, service: ScriptedService) -> None:
    opened(page, service)
    assert len(page.evaluate("Object.keys(FR).filter(name => name !== 'FDL')")) == 8


def test_a_second_script_tag_changes_the_settings_only(page: Page, service: ScriptedService) -> None:
    first = '<script src="/static/fdl-trigger.js" data-client-id="first"></script>'
    opened(page, service, before=first)
    call(page, "ExecuteWorkByWorkId", {"workId": "w-1"})
    assert service.calls[0][2] == {"client_id": ["page-1"]}


def test_the_base_may_stand_in_the_tag_or_be_configured_later(page: Page, service: ScriptedService) -> None:
    opened(page, service, 'data-base="/webroot/decision/"')
    assert not call(page, "ExecuteWorkByWorkId", {"workId": "w-1"})["failed"]
    page.evaluate("base => FR.FDL.configure({base, clientId: 'page-2'})", service.origin + "/webroot/decision")
    assert not call(page, "ExecuteWorkByWorkId", {"workId": "w-1"})["failed"]
    assert [query["client_id"] for _, _, query, _ in service.calls] == [["page-1"], ["page-2"]]


def test_an_allowed_page_of_another_origin_is_answered(
    page: Page, service: ScriptedService, elsewhere: ScriptedService
) -> None:
    service.origins = {elsewhere.origin}
    source = f'src="{service.origin}/static/fdl-trigger.js" data-client-id="page-1"'
    page.goto(elsewhere.add_page("/report", source))
    assert call(page, "ExecuteWorkByWorkId", {"workId": "w-1"})["response"] == {"recordId": "r-1"}
    assert call(page, "GetRecordInfoByRecordId", "r-1")["response"] == {"recordId": "r-1"}


def test_a_page_of_an_origin_that_is_not_allowed_is_told_so(
    page: Page, service: ScriptedService, elsewhere: ScriptedService
) -> None:
    source = f'src="{service.origin}/static/fdl-trigger.js" data-client-id="page-1"'
    page.goto(elsewhere.add_page("/report", source))
    outcome = call(page, "ExecuteWorkByWorkId", {"workId": "w-1"})
    assert outcome == outcome | {"failed": True, "code": "network", "status": 0}
    assert f"does not allow pages from {elsewhere.origin}" in outcome["text"]


def test_a_server_that_is_down_is_an_error(page: Page, service: ScriptedService) -> None:
    opened(page, service)
    service.close()
    outcome = call(page, "ExecuteWorkByWorkId", {"workId": "w-1"})
    assert outcome == outcome | {"failed": True, "code": "network", "status": 0}
    assert "does not allow" not in outcome["text"]


def test_a_refusal_carries_message_code_and_status(page: Page, service: ScriptedService) -> None:
    service.answer = refusal("31000101", "No task has this id or name.", 404)
    outcome = call(opened(page, service), "ExecuteWorkByWorkId", {"workId": "w-9"})
    assert outcome == {
        "failed": True,
        "text": "No task has this id or name. (code 31000101)",
        "code": "31000101",
        "status": 404,
        "message": "No task has this id or name.",
        "response": None,
    }


@pytest.mark.parametrize(
    ("answer", "code"),
    [((200, "<html>login</html>"), "not_json"), ((502, "<html>bad gateway</html>"), "http"), ((200, "[]"), "not_json")],
)
def test_an_answer_that_is_not_of_the_service_is_an_error(
    page: Page, service: ScriptedService, answer: tuple[int, str], code: str
) -> None:
    service.answer = answer
    outcome = call(opened(page, service), "ExecuteWorkByWorkId", {"workId": "w-1"})
    assert outcome == outcome | {"failed": True, "code": code, "status": answer[0]}
    assert str(answer[0]) in outcome["text"]


def test_a_missing_identifier_is_said_without_a_call(page: Page, service: ScriptedService) -> None:
    outcome = call(opened(page, service), "ExecuteWorkByWorkId", {})
    assert outcome["text"] == "workId is missing (code missing_argument)"
    assert service.calls == []


def test_a_page_without_an_application_is_told_what_is_missing(page: Page, service: ScriptedService) -> None:
    page.goto(service.add_page("/report", 'src="/static/fdl-trigger.js"'))
    outcome = call(page, "ExecuteWorkByWorkId", {"workId": "w-1"})
    assert outcome["code"] == "not_configured"
    assert "data-client-id" in outcome["text"]


def test_a_call_without_an_answer_times_out(page: Page, service: ScriptedService) -> None:
    service.hold = threading.Event()
    opened(page, service)
    page.evaluate("FR.FDL.configure({timeout: 200})")
    outcome = call(page, "ExecuteWorkByWorkId", {"workId": "w-1"})
    service.hold.set()
    assert outcome == outcome | {"failed": True, "code": "timeout", "status": 0}


def test_a_double_click_starts_one_run_and_both_clicks_hear_of_it(page: Page, service: ScriptedService) -> None:
    opened(page, service)
    twice = "Promise.all([1, 2].map(() => FR.ExecuteWorkByWorkId({workId: 'w-1'})))"
    assert page.evaluate(twice) == [{"recordId": "r-1"}, {"recordId": "r-1"}]
    assert page.evaluate("FR.ExecuteWorkByWorkId({workId: 'w-1'})") == {"recordId": "r-1"}
    assert len(service.calls) == 1


def test_other_arguments_and_later_clicks_start_runs_of_their_own(page: Page, service: ScriptedService) -> None:
    opened(page, service)
    page.evaluate("FR.FDL.configure({repeatWindow: 50})")
    page.evaluate("""async () => {
        await FR.ExecuteWorkByWorkId({workId: 'w-1'});
        await FR.ExecuteWorkByWorkId({workId: 'w-1', params: {day: '1'}});
        await new Promise(resolve => setTimeout(resolve, 120));
        await FR.ExecuteWorkByWorkId({workId: 'w-1'});
    }""")
    assert len(service.calls) == 3


def test_a_click_after_a_failure_tries_again(page: Page, service: ScriptedService) -> None:
    service.answers["fdl/workId/execute"] = [refusal("31000301", "busy"), success({"recordId": "r-2"})]
    opened(page, service)
    assert call(page, "ExecuteWorkByWorkId", {"workId": "w-1"})["failed"]
    assert call(page, "ExecuteWorkByWorkId", {"workId": "w-1"})["response"] == {"recordId": "r-2"}


def test_reads_and_terminations_are_never_shared(page: Page, service: ScriptedService) -> None:
    opened(page, service)
    page.evaluate("Promise.all([1, 2].map(() => FR.TerminateWorkByWorkId({workId: 'w-1'})))")
    page.evaluate("Promise.all([1, 2].map(() => FR.GetRecordInfoByRecordId('r-1')))")
    assert len(service.calls) == 4


def record(status: str) -> tuple[int, str]:
    """A record in this state."""
    return success({"recordId": "r-1", "taskStatus": status})


def test_watching_reports_each_change_and_ends_with_the_final_record(page: Page, service: ScriptedService) -> None:
    states = ["QUEUING", "RUNNING", "RUNNING", "SUCCESS"]
    service.answers["fdl/record/info"] = [record(state) for state in states]
    opened(page, service)
    seen = page.evaluate("""async () => {
        const seen = [];
        const options = {interval: 10, onChange: record => seen.push(record.taskStatus)};
        const last = await FR.FDL.watch('r-1', options).promise;
        return [seen, last.taskStatus];
    }""")
    assert seen == [["QUEUING", "RUNNING", "SUCCESS"], "SUCCESS"]


def test_watching_gives_up_when_the_service_stays_away(page: Page, service: ScriptedService) -> None:
    opened(page, service)
    service.close()
    code = page.evaluate("FR.FDL.watch('r-1', {interval: 10, retries: 2}).promise.catch(error => error.code)")
    assert code == "network"


def test_watching_slows_down_when_the_service_says_too_many_calls(page: Page, service: ScriptedService) -> None:
    service.answers["fdl/record/info"] = [refusal("31000429", "Too many requests", 429), record("SUCCESS")]
    opened(page, service)
    options = "{interval: 10, maxInterval: 20}"
    assert page.evaluate(f"FR.FDL.watch('r-1', {options}).promise.then(record => record.taskStatus)") == "SUCCESS"


def test_a_stopped_watch_asks_no_more(page: Page, service: ScriptedService) -> None:
    service.answers["fdl/record/info"] = [record("RUNNING")]
    opened(page, service)
    assert (
        page.evaluate("""async () => {
        const watch = FR.FDL.watch('r-1', {interval: 10, onChange: () => watch.stop()});
        return watch.promise;
    }""")
        is None
    )
    asked = len(service.calls)
    page.evaluate("new Promise(resolve => setTimeout(resolve, 100))")
    assert len(service.calls) == asked


def test_error_texts_follow_the_browsers_language(chromium: Browser, service: ScriptedService) -> None:
    context = chromium.new_context(locale="zh-CN")
    page = opened(context.new_page(), service)
    assert call(page, "ExecuteWorkByWorkId", {})["text"] == "缺少参数 workId（错误码 missing_argument）"
    context.close()
