"""EnOS's own SDK, unmodified but for its variable `pubkey`, against a really served instance with its engine."""

import json
import subprocess
import sys
import time
import urllib.request
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from fdl_trigger.auth import enos
from fdl_trigger.config import ServerSettings, Settings, StoreSettings
from fdl_trigger.domain.clock import system_clock
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Grant
from fdl_trigger.runtime import Runtime
from fdl_trigger.server import Server
from fdl_trigger.web import create_app

ROOT = Path(__file__).parents[2]
SDK = ROOT / ".sdks" / "enos"
SERVICE, TOKENS = "/batch-processing-service/v2.1", "/apim-token-service/v2.0/token"
USER, ORG = "用户 1", "o15"


@dataclass
class House:
    """A served instance, an application as EnOS would name it, and a flow of two tasks."""

    runtime: Runtime
    url: str
    key: str
    secret: str
    flow: int
    pubkey: str = ""

    def address(self, path: str, action: str, **query: Any) -> str:
        return f"{self.url}{SERVICE}/{path}?{urlencode({'action': action, 'userId': USER, 'orgId': ORG, **query})}"

    def run(self, *calls: dict[str, Any], **changes: str) -> list[Any]:
        order = {"key": self.key, "secret": self.secret, "pubkey": self.pubkey, "calls": calls, **changes}
        command = [str(SDK / "bin" / "python"), "-W", "ignore", str(Path(__file__).with_name("enos_sdk_program.py"))]
        done = subprocess.run(command, input=json.dumps(order), capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr[-3000:]
        return list(json.loads(done.stdout))

    def until_ended(self, instance: str) -> dict[str, Any]:
        for _ in range(50):
            [found] = self.run({"url": self.address("flowInstances", "get", flowInstId=instance)})
            if found["data"]["status"] not in (0, 2, 5):
                return dict(found["data"])
            time.sleep(0.1)
        raise AssertionError(f"{instance} does not end")


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    subprocess.run(["sh", str(ROOT / "scripts" / "enos-sdk"), sys.executable, str(SDK)], check=True)
    path = tmp_path_factory.mktemp("enos") / "store.db"
    settings = replace(Settings(), store=StoreSettings(path=str(path)))
    runtime = Runtime(settings)
    with Server(create_app(runtime), ServerSettings(port=0, threads=4)) as server, runtime:
        application = runtime.access.create("sdk", grants=[Grant(one) for one in Operation])
        task = runtime.tasks.save(
            {
                "workName": "夜间流程",
                "params": [{"name": "天", "value": "无"}],
                "nodes": [{"id": one, "name": f"任务{one}", "type": "VIRTUAL"} for one in "ab"],
                "lines": [{"from": "a", "to": "b"}],
                "expose": {"enos": {"owners": [USER], "orgId": ORG}},
            }
        )
        number = runtime.tasks.publish(uid=task.uid).id
        key, secret = (str(uuid.UUID(one)) for one in (application.client_id, application.secret))
        house = House(runtime, server.url.rstrip("/"), key, secret, number)
        with urllib.request.urlopen(f"{house.url}/enos/public-key", timeout=10) as answer:
            house.pubkey = json.load(answer)["data"]
        yield house


def now() -> int:
    return system_clock()


def test_a_flow_is_triggered_from_a_task_and_polled_to_success(house) -> None:
    [flow] = house.run({"url": house.address("flows", "get", flowId=house.flow)})
    task = next(one for one in json.loads(flow["data"]["graph"])["tasks"] if one["taskName"] == "任务b")
    body = {"flowId": str(house.flow), "taskId": task["taskId"], "triggerTime": now()}
    [triggered] = house.run({"url": house.address("flows", "triggerFromTask"), "data": body})
    assert (triggered["code"], triggered["msg"]) == (0, "OK")
    found = house.until_ended(triggered["data"]["flowInstanceId"])
    assert (found["status"], found["statusDesc"]) == (1, "SUCCESS")
    states = {one["taskName"]: one["status"] for one in json.loads(found["graph"])["tasks"]}
    assert states == {"任务a": "SKIP", "任务b": "SUCCESS"}
    name = next(one["taskInstId"] for one in json.loads(found["graph"])["tasks"] if one["taskName"] == "任务b")
    run, log = house.run(
        {"url": house.address("taskInstances", "get", taskInstId=name)},
        {"url": house.address("taskInstances", "getLog", taskInstId=name, maxLength="")},
    )
    assert (run["data"]["status"], "succeeded" in log["data"]["log"]) == (1, True)


def test_a_body_may_be_text_and_parameters_chinese(house) -> None:
    text = json.dumps(
        {"flowId": house.flow, "triggerTime": now() - 600_000, "parameters": [{"key": "天", "value": "星期一&=+"}]}
    )
    [triggered] = house.run({"url": house.address("flows", "updateAndTrigger"), "data": text})
    found = house.until_ended(triggered["data"]["flowInstanceId"])
    assert json.loads(found["parameters"]) == [{"key": "天", "value": "星期一&=+"}]


def test_instances_are_listed_and_one_of_the_future_is_cancelled(house) -> None:
    body = {"flowId": house.flow, "triggerTime": now() + 3_600_000}
    [triggered] = house.run({"url": house.address("flows", "trigger"), "data": body})
    name = triggered["data"]["flowInstanceId"]
    pages = {"pageNo": 1, "pageSize": 10, "sorters": [{"field": "start_time", "order": "DESC"}]}
    listed, cancelled = house.run(
        {"url": house.address("flowInstances", "search"), "data": {"status": "0,8", "pagination": pages}},
        {"url": house.address("flowInstances", "cancel"), "data": {"flowInstId": name}},
    )
    assert name in [one["instanceId"] for one in listed["data"]["flowInsts"]]
    assert cancelled == {"code": 0, "msg": "OK", "data": ""}
    assert house.until_ended(name)["status"] == 8


def test_a_failure_comes_back_with_its_code(house) -> None:
    again = {"flowId": house.flow, "triggerTime": 1_000_000}
    first, second, unknown, nobody = house.run(
        {"url": house.address("flows", "trigger"), "data": again},
        {"url": house.address("flows", "trigger"), "data": again},
        {"url": house.address("flows", "trigger"), "data": {"flowId": 999, "triggerTime": 1}},
        {"url": house.address("flows", "getMyFlow", userId="nobody")},
    )
    assert [one["code"] for one in (first, second, unknown, nobody)] == [0, 62102, 62102, 62101]


def test_a_wrong_secret_and_a_block_for_another_key_get_nothing(house) -> None:
    call = {"url": house.address("flows", "getMyFlow")}
    assert house.run(call, secret=str(uuid.uuid4())) == [None]
    assert house.run(call, key=str(uuid.uuid4())) == [None]
    assert house.run(call, pubkey="") == [None]


def test_the_sdk_signs_with_a_token_passed_as_headers(house) -> None:
    at = str(now())
    proof = {"appKey": house.key, "encryption": enos.encryption(house.key, at, house.secret), "timestamp": at}
    [got] = house.run({"url": f"{house.url}{TOKENS}/get", "data": proof})
    token = got["data"]["accessToken"]
    [renewed] = house.run({"url": f"{house.url}{TOKENS}/refresh", "data": {**proof, "accessToken": token}})
    assert renewed["data"]["accessToken"] != token
    body = json.dumps({"expression": "夜间"})
    covered = enos.signed_text([("action", "search"), ("userId", USER), ("orgId", ORG)], body.encode())
    headers = {
        "apim-accesstoken": token,
        "apim-timestamp": at,
        "apim-signature": enos.signature(token, covered, at, house.secret),
    }
    call = {"url": house.address("flows", "search"), "data": body, "headers": headers}
    [found] = house.run(call)
    assert found["data"] == [{"flowId": house.flow, "flowName": "夜间流程"}]
    assert house.run({**call, "data": body + " "}) == [None]
