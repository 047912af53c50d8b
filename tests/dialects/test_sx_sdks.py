"""Alibaba Cloud's own SDKs, each in an environment of its own, against a really served instance."""

import http.client
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sx_service import FORM, NAMES, Service, document

from fdl_trigger.config import ServerSettings, Settings, StoreSettings
from fdl_trigger.domain.clock import system_clock
from fdl_trigger.runtime import Runtime
from fdl_trigger.server import Server
from fdl_trigger.web import create_app

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
SDKS = ROOT / ".sdks" / "schedulerx"
CHINESE = "中文 参数&=+%*~\"'<>é\n第二行"
LONG = "长参数" * 2_000


@dataclass(frozen=True)
class Sdk:
    """One SDK: how it is started, and which variant of it (`algorithm`); `throws` on refusals by the job."""

    name: str
    command: tuple[str, ...]
    algorithm: str = ""
    throws: bool = False
    secret_error: str = "SignatureDoesNotMatch"

    def run(self, house: "House", *calls: tuple[str, dict[str, Any]], **changes: str) -> list[dict[str, Any]]:
        order = {
            "key": house.service.application.client_id,
            "secret": house.service.application.secret,
            "endpoint": house.endpoint,
            "algorithm": self.algorithm,
            "calls": [{"action": action, "parameters": {**NAMES, **parameters}} for action, parameters in calls],
            **changes,
        }
        done = subprocess.run(self.command, input=json.dumps(order), capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr[-3000:]
        return list(json.loads(done.stdout))


def _python(name: str) -> tuple[str, ...]:
    return (str(SDKS / name / "bin" / "python"), str(HERE / f"sx_{name}.py"))


_NODE = ("node", str(HERE / "sx_pop_core.js"), str(SDKS / "pop-core"))
EVERY = (
    Sdk("tea", _python("tea")),
    Sdk("tea by RPC", _python("tea"), "v2"),
    # It finds its own string to sign in the message and so knows that it must be the secret.
    Sdk("classic", _python("classic"), secret_error="InvalidAccessKeySecret"),
    Sdk("pop-core by GET", _NODE, "GET", throws=True),
    Sdk("pop-core by POST", _NODE, "POST", throws=True),
)


@dataclass
class House:
    service: Service
    server: Server
    slow: Any = field(init=False)

    def __post_init__(self) -> None:
        delay = {"command": [sys.executable, "-c", "import time; time.sleep(60)"]}
        nodes = [{"id": "n", "type": "SHELL", "config": delay}]
        self.slow = self.service.publish("slow", nodes=nodes)

    @property
    def endpoint(self) -> str:
        return self.server.url.removeprefix("http://")


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    subprocess.run([ROOT / "scripts" / "schedulerx-sdks", sys.executable, SDKS], check=True)
    path = tmp_path_factory.mktemp("sdks") / "store.db"
    settings = Settings(server=ServerSettings(port=0), store=StoreSettings(path=str(path)))
    settings = replace(settings, nodes=replace(settings.nodes, enabled=("SHELL",)))
    with Runtime(settings) as runtime:
        app = create_app(runtime)
        with Server(app, settings.server) as server:
            yield House(Service(runtime, app, system_clock), server)


@pytest.mark.parametrize("sdk", EVERY, ids=lambda sdk: sdk.name)
def test_an_sdk_triggers_follows_lists_and_stops(house: House, sdk: Sdk) -> None:
    job, slow = {"JobId": house.service.task.id}, {"JobId": house.slow.id}
    one, two, three = sdk.run(
        house,
        ("ExecuteJob", {**job, "InstanceParameters": CHINESE, "CheckJobStatus": True}),
        ("ExecuteJob", {**job, "InstanceParameters": LONG}),
        ("ExecuteJob", slow),
    )
    assert (one["Code"], one["Success"]) == (200, True)
    numbers = [answer["Data"]["JobInstanceId"] for answer in (one, two, three)]
    assert len(set(numbers)) == 3
    for number, text in zip(numbers, (CHINESE, LONG), strict=False):
        detail = _until(house, sdk, {**job, "JobInstanceId": number}, 4)
        assert (detail["Parameters"], detail["JobId"], detail["InstanceId"]) == (text, job["JobId"], number)
    listed, running, stopped, info, jobs = sdk.run(
        house,
        ("GetJobInstanceList", {**job, "PageSize": 2}),
        ("GetJobInstanceList", {**slow, "PageSize": 1}),
        ("StopInstance", {**slow, "InstanceId": numbers[2]}),
        ("GetJobInfo", job),
        ("ListJobs", {"JobName": "01数据", "PageNum": 1, "PageSize": 10}),
    )
    assert [found["InstanceId"] for found in listed["Data"]["JobInstanceDetails"]] == [numbers[1], numbers[0]]
    assert running["Data"]["JobInstanceDetails"][0]["Status"] in (1, 3)
    assert (stopped["Code"], stopped["Success"]) == (200, True)
    assert info["Data"]["JobConfigInfo"]["Name"] == "01数据同步"
    assert [found["JobId"] for found in jobs["Data"]["Jobs"]] == [job["JobId"]]
    assert _until(house, sdk, {**slow, "JobInstanceId": numbers[2]}, 5)["Status"] == 5


def _until(house: House, sdk: Sdk, parameters: dict[str, Any], status: int) -> dict[str, Any]:
    house.service.runtime.instances.wait(house.service.runtime.exposure.uid_of(parameters["JobInstanceId"]) or "", 20)
    [answer] = sdk.run(house, ("GetJobInstance", parameters))
    detail = dict(answer["Data"]["JobInstanceDetail"])
    assert detail["Status"] == status, detail
    return detail


@pytest.mark.parametrize("sdk", EVERY, ids=lambda sdk: sdk.name)
def test_an_sdk_is_told_what_is_refused(house: House, sdk: Sdk) -> None:
    job = {"JobId": house.service.task.id}
    unknown, missing, invalid = sdk.run(
        house,
        ("ExecuteJob", {"JobId": 92583}),
        ("ExecuteJob", {**job, "GroupId": ""}),
        ("GetJobInstanceList", {**job, "PageNum": 0}),
    )
    if sdk.throws:
        assert (unknown["error"], unknown["message"]) == (404, "jobId=92583 is not existed")
    else:
        assert (unknown["Code"], unknown["Success"]) == (404, False)
        assert unknown["Message"] == "jobId=92583 is not existed"
    assert missing["error"] == "MissingGroupId"
    assert invalid["error"] == "InvalidPageNum"
    [wrong] = sdk.run(house, ("ExecuteJob", job), secret="0" * 32)
    assert wrong["error"] == sdk.secret_error
    [nobody] = sdk.run(house, ("ExecuteJob", job), key="nobody")
    assert nobody["error"] == "InvalidAccessKeyId.NotFound"
    if not sdk.throws:
        assert (invalid["status"], wrong["status"], nobody["status"]) == (400, 400, 404)


@pytest.mark.parametrize("sdk", EVERY, ids=lambda sdk: sdk.name)
def test_an_sdk_may_have_a_prefix_in_its_endpoint(house: House, sdk: Sdk) -> None:
    [answer] = sdk.run(house, ("ExecuteJob", {"JobId": house.service.task.id}), endpoint=f"{house.endpoint}/schedulerx")
    assert answer["Code"] == 200


@pytest.mark.parametrize("sdk", EVERY, ids=lambda sdk: sdk.name)
def test_an_sdk_manages_jobs(house: House, sdk: Sdk) -> None:
    tasks = house.service.runtime.tasks
    task = tasks.publish(uid=tasks.save(document(f"managed by {sdk.name}")).uid)
    job = {"JobId": task.id}
    started = sdk.run(house, ("ExecuteJob", job))[0]["Data"]["JobInstanceId"]
    _until(house, sdk, {**job, "JobInstanceId": started}, 4)
    now = round(time.time() * 1000)
    calls = [
        ("RetryJobInstance", {**job, "JobInstanceId": started}),
        ("GetLog", {**job, "JobInstanceId": started, "Line": 10, "Offset": 0}),
        ("SetJobInstanceSuccess", {**job, "JobInstanceId": started}),
        ("RerunJob", {**job, "StartDate": now, "EndDate": now, "DataTime": "00:00:00"}),
        ("DisableJob", job),
        ("EnableJob", job),
        ("ListGroups", {}),
        ("ListNamespaces", {}),
        ("DeleteJob", job),
    ]
    if sdk.name.startswith("classic"):  # its ListNamespaces and ListGroups know no GroupId
        calls = [call for call in calls if not call[0].startswith("List")]
    answers = sdk.run(house, *calls)
    assert [(call[0], answer.get("Code")) for call, answer in zip(calls, answers, strict=True)] == [
        (call[0], 200) for call in calls
    ]


def test_a_chunked_form_body_is_read_in_both_schemes(house: House) -> None:
    job = {"JobId": str(house.service.task.id), "InstanceParameters": LONG}
    rpc = urlencode(house.service.signed("ExecuteJob", {**NAMES, **job}, "POST")).encode()
    acs3 = house.service.acs3_request("ExecuteJob", "POST", job)
    for query, body, headers in (
        ("", rpc, {"Content-Type": FORM}),
        (f"?{acs3['query_string']}", acs3["data"], acs3["headers"]),
    ):
        connection = http.client.HTTPConnection(house.endpoint, timeout=10)
        parts = (body[start : start + 1000] for start in range(0, len(body), 1000))
        connection.request("POST", f"/{query}", parts, {**headers, "Accept": "application/json"}, encode_chunked=True)
        with connection.getresponse() as answer:
            assert json.load(answer)["Code"] == 200
        connection.close()


def test_a_request_that_is_sent_again_is_refused(house: House) -> None:
    service = house.service
    signed = service.signed("ExecuteJob", {**NAMES, "JobId": str(service.task.id)})
    url = f"{house.server.url}/?{urlencode(signed)}"
    with urllib.request.urlopen(url) as answer:
        assert json.load(answer)["Code"] == 200
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(url)
    with error.value as refused:
        assert (refused.code, json.load(refused)["Code"]) == (400, "SignatureNonceUsed")
