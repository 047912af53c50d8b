"""static/fdl-trigger.js against the real service: its own page, pages of other origins, wrong ids, wrong tasks."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page
from running_demo import RunningDemo, free_port
from scripted_service import ScriptedService

from fdl_trigger.demo.service import demo_settings
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Grant
from fdl_trigger.runtime import Runtime

pytestmark = pytest.mark.browser

OUTCOME = """([name, argument]) => new Promise(resolve => FR[name](argument, (error, response) => resolve(
    error ? {error: String(error), code: error.code, status: error.status} : {response})))"""


@pytest.fixture(scope="module")
def partner() -> Iterator[ScriptedService]:
    """The report server whose origin the page application names."""
    with ScriptedService() as service:
        yield service


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, partner: ScriptedService) -> Iterator[tuple[RunningDemo, str]]:
    """A running demo, and the id of the partner's page application, which may run and read but not terminate."""
    directory, port = tmp_path_factory.mktemp("service") / ".demo", free_port()
    with RunningDemo(directory, port=port):
        pass
    with Runtime(demo_settings(port, directory)) as runtime:
        task = runtime.tasks.list()[0]
        grants = [Grant(operation, task.id) for operation in (Operation.EXECUTE, Operation.READ, Operation.LIST)]
        origins = [partner.origin]
        application = runtime.access.create("partner", method="page", grants=grants, origins=origins)
        hidden = runtime.tasks.save({**task.draft, "workId": None, "workName": "not_for_pages"})
        runtime.tasks.publish(uid=hidden.uid)
    with RunningDemo(directory, port=port) as demo:
        yield demo, application.client_id


@pytest.fixture(scope="module")
def demo(installed: tuple[RunningDemo, str]) -> RunningDemo:
    """The running demo."""
    return installed[0]


@pytest.fixture(scope="module")
def partner_id(installed: tuple[RunningDemo, str]) -> str:
    """The id of the partner's page application."""
    return installed[1]


def opened(page: Page, host: ScriptedService, demo: RunningDemo, client_id: str) -> None:
    """Open a page of `host` that loads the script from the service."""
    source = f'src="{demo.url}/static/fdl-trigger.js" data-client-id="{client_id}"'
    page.goto(host.add_page("/report", source))


def outcome(page: Page, name: str, argument: object) -> dict[str, Any]:
    """Call an FR function and return what its callback heard."""
    found: dict[str, Any] = page.evaluate(OUTCOME, [name, argument])
    return found


def test_the_eight_functions_work_on_the_services_own_page(page: Page, demo: RunningDemo) -> None:
    known = demo.variables()
    work_id, work_name = known["FDL_WORK_ID"], known["FDL_WORK_NAME"]
    page.goto(f"{demo.url}/demo/")
    by_id = outcome(page, "ExecuteWorkByWorkId", {"workId": work_id, "wait": True})["response"]
    by_name = outcome(page, "ExecuteWorkByWorkName", {"workName": work_name, "wait": True})["response"]
    assert (by_id["taskStatus"], by_name["taskStatus"]) == ("SUCCESS", "SUCCESS")
    record = outcome(page, "GetRecordInfoByRecordId", by_id["recordId"])["response"]
    assert record["readRows"] == 1707
    newest = outcome(page, "GetWorkRecordsByWorkId", {"workId": work_id, "latest": True})["response"]
    assert [one["recordId"] for one in newest] == [by_name["recordId"]]
    filters = {"workName": work_name, "startTime": "", "finishTime": "", "taskStatus": "SUCCESS"}
    both = outcome(page, "GetWorkRecordsByWorkName", filters)["response"]
    assert [one["recordId"] for one in both][:2] == [by_name["recordId"], by_id["recordId"]]
    for name, argument in (
        ("TerminateWorkByWorkId", {"workId": work_id}),
        ("TerminateWorkByWorkName", {"workName": work_name}),
        ("TerminateWorkByRecordId", {"recordId": by_id["recordId"]}),
    ):
        assert outcome(page, name, argument)["code"] in ("62409003", "62409004")  # already over


def test_an_allowed_page_of_another_origin_runs_the_task(
    page: Page, partner: ScriptedService, demo: RunningDemo, partner_id: str
) -> None:
    opened(page, partner, demo, partner_id)
    started = outcome(page, "ExecuteWorkByWorkId", {"workId": demo.variables()["FDL_WORK_ID"]})
    record_id = started["response"]["recordId"]
    status = page.evaluate("id => FR.FDL.watch(id).promise.then(record => record.taskStatus)", record_id)
    assert status == "SUCCESS"


def test_a_page_of_an_origin_nobody_named_cannot_run_it(
    page: Page, elsewhere: ScriptedService, demo: RunningDemo, partner_id: str
) -> None:
    opened(page, elsewhere, demo, partner_id)
    heard = outcome(page, "ExecuteWorkByWorkId", {"workId": demo.variables()["FDL_WORK_ID"]})
    assert heard["code"] == "network"
    assert elsewhere.origin in heard["error"]


def test_an_id_of_another_page_application_does_not_help(page: Page, demo: RunningDemo, partner_id: str) -> None:
    page.goto(f"{demo.url}/demo/")
    page.evaluate("clientId => FR.FDL.configure({clientId})", partner_id)
    heard = outcome(page, "ExecuteWorkByWorkId", {"workId": demo.variables()["FDL_WORK_ID"]})
    assert heard["status"] == 401


def test_a_wrong_id_is_an_error(page: Page, partner: ScriptedService, demo: RunningDemo) -> None:
    opened(page, partner, demo, "0" * 32)
    heard = outcome(page, "ExecuteWorkByWorkId", {"workId": demo.variables()["FDL_WORK_ID"]})
    assert (heard["code"], heard["status"]) == ("62401001", 401)


def test_a_task_that_is_not_granted_does_not_exist_for_the_page(
    page: Page, partner: ScriptedService, demo: RunningDemo, partner_id: str
) -> None:
    opened(page, partner, demo, partner_id)
    heard = outcome(page, "ExecuteWorkByWorkName", {"workName": "not_for_pages"})
    assert heard["code"] == "62404002"  # to this page, the task does not exist


def test_an_operation_that_is_not_granted_is_refused(
    page: Page, partner: ScriptedService, demo: RunningDemo, partner_id: str
) -> None:
    opened(page, partner, demo, partner_id)
    heard = outcome(page, "TerminateWorkByWorkId", {"workId": demo.variables()["FDL_WORK_ID"]})
    assert (heard["code"], heard["status"]) == ("62403001", 403)


def test_a_double_click_starts_one_run(
    page: Page, partner: ScriptedService, demo: RunningDemo, partner_id: str
) -> None:
    opened(page, partner, demo, partner_id)
    work_id = demo.variables()["FDL_WORK_ID"]
    twice = "workId => Promise.all([1, 2].map(() => FR.ExecuteWorkByWorkId({workId})))"
    first, second = page.evaluate(twice, work_id)
    assert first == second
    records = outcome(page, "GetWorkRecordsByWorkId", {"workId": work_id})["response"]
    assert [one["recordId"] for one in records].count(first["recordId"]) == 1
    assert records[0]["recordId"] == first["recordId"]
