"""docs/wire/enos.md against the code: its examples run as they stand, its tables are those of the code."""

import json
import re
import subprocess
import sys
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from fdl_trigger.config import EnosSettings, ServerSettings, Settings, StoreSettings
from fdl_trigger.dialects.enos.operations import OPERATIONS
from fdl_trigger.dialects.enos.words import WORDS
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Grant
from fdl_trigger.runtime import Runtime
from fdl_trigger.server import Server
from fdl_trigger.web import create_app

ROOT = Path(__file__).parents[2]
SDK = ROOT / ".sdks" / "enos"
PAGE = (ROOT / "docs" / "wire" / "enos.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    path = tmp_path_factory.mktemp("enos-page") / "store.db"
    runtime = Runtime(replace(Settings(), store=StoreSettings(path=str(path))), run_engine=False)
    with Server(create_app(runtime), ServerSettings(port=0, threads=2)) as server, runtime:
        one = runtime.access.create("page", grants=[Grant(each) for each in Operation])
        expose = {"enos": {"owners": ["u1"], "orgId": "o15"}}
        nodes = [{"id": "a", "type": "VIRTUAL"}, {"id": "b", "type": "VIRTUAL"}]
        task = runtime.tasks.save({"workName": "flow", "nodes": nodes, "expose": expose})
        flow = runtime.tasks.publish(uid=task.uid).id
        assert (flow, runtime.numbers.of_nodes(flow, ["a", "b"])) == (1, {"a": 1, "b": 2})
        yield server.url.rstrip("/"), one


def run(example, served, python, spelled):
    url, one = served
    key, secret = spelled(one.client_id), spelled(one.secret)
    program = re.sub("<appKey[^>]*>", key, example.replace("http://127.0.0.1:8068", url))
    program = re.sub("<appSecret[^>]*>", secret, program)
    done = subprocess.run([str(python), "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return eval(done.stdout)  # noqa: S307 - what the page's own example printed


def test_the_example_that_signs_runs_as_it_stands(served) -> None:
    answer = run(EXAMPLES[0], served, sys.executable, str)
    assert (answer["code"], answer["data"]["flowInstanceId"][:2]) == (0, "1-")


def test_the_example_of_the_sdk_runs_as_it_stands(served) -> None:
    subprocess.run(["sh", str(ROOT / "scripts" / "enos-sdk"), sys.executable, str(SDK)], check=True)
    answer = run(EXAMPLES[1], served, SDK / "bin" / "python", lambda text: str(uuid.UUID(text)))
    assert answer == {"code": 0, "msg": "OK", "data": {"flowInstanceId": "1-20200706062600"}}


def test_every_operation_and_setting_is_told() -> None:
    missing = [one.action for one in OPERATIONS if f"`{one.action}`" not in PAGE]
    missing += [name for name in EnosSettings.__dataclass_fields__ if f"`{name}" not in PAGE]
    assert missing == []


def test_every_status_that_is_told_is_that_number() -> None:
    told = dict(re.findall(r"(-?\d+) ([A-Z_]{4,})", PAGE))
    assert told
    assert {number: WORDS[int(number)] for number in told} == told


def test_the_description_names_every_operation(served) -> None:
    with_routes = json.dumps(create_app(Runtime(Settings())).test_client().get("/api/openapi.json").get_json())
    assert [one.action for one in OPERATIONS if f'"{one.action}"' not in with_routes] == []
