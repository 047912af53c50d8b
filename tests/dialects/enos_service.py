"""The real service as EnOS callers meet it: signed calls, no engine, a clock turned by hand."""

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus, urlencode

from flask import Flask

from fdl_trigger.auth import enos
from fdl_trigger.config import LimitSettings, Settings, StoreSettings
from fdl_trigger.dialects.enos.operations import OPERATIONS, ROOT, TOKEN_ROOT, EnosOperation
from fdl_trigger.domain.applications import Application
from fdl_trigger.domain.creation import Claim
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Counts, Grant, NodeRun, Task
from fdl_trigger.domain.states import State
from fdl_trigger.runtime import Runtime
from fdl_trigger.store.journal import JournalEntries
from fdl_trigger.web import create_app

USER, ORG = "u 1", "o15"
NOW = 1_594_016_819_108  # 2020-07-06T06:26:59.108Z, the trigger time of the vendor's sample
EVERYTHING = tuple(Grant(operation) for operation in Operation)
CHAIN = [{"id": name, "name": f"任务 {name}", "type": "VIRTUAL"} for name in "abcd"]
LINES = [{"from": "a", "to": "b"}, {"from": "b", "to": "d"}, {"from": "c", "to": "d"}]


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


@dataclasses.dataclass
class EnosService:
    """A service with one application that may do everything, and one flow a→b→d, c→d."""

    runtime: Runtime
    app: Flask
    clock: Clock

    def __post_init__(self) -> None:
        self.application: Application = self.runtime.access.create("enos", grants=EVERYTHING)
        self.flow = self.publish("流程")
        self.token = ""

    def publish(self, name: str, owners: tuple[str, ...] = (USER,), org: str = ORG, **document: Any) -> Task:
        exposed = {"enos": {"owners": list(owners), "orgId": org}}
        given = {"workName": name, "nodes": CHAIN, "lines": LINES, "expose": exposed, **document}
        return self.runtime.tasks.publish(uid=self.runtime.tasks.save(given).uid)

    def get_token(self, application: Application | None = None, **changes: Any) -> dict[str, Any]:
        one = application or self.application
        at = str(self.clock.now)
        proof = enos.encryption(one.client_id, at, one.secret or "")
        body = {"appKey": one.client_id, "encryption": proof, "timestamp": at, **changes}
        name = "refresh" if "accessToken" in body else "get"
        return dict(self.app.test_client().post(f"{TOKEN_ROOT}/token/{name}", json=body).get_json())

    def signed(self, query: str, body: bytes, application: Application | None = None) -> dict[str, str]:
        one, at = application or self.application, str(self.clock.now)
        token = self.get_token(one)["data"]["accessToken"]
        pairs = [tuple(part.split("=", 1)) for part in query.split("&") if part]
        covered = enos.signed_text([(unquote_plus(a), unquote_plus(b)) for a, b in pairs], body)
        signature = enos.signature(token, covered, at, one.secret or "")
        return {"apim-accesstoken": token, "apim-timestamp": at, "apim-signature": signature}

    def send(self, wire: EnosOperation, query: dict[str, Any], body: bytes, **more: Any) -> Any:
        text = urlencode(query)
        headers = more.pop("headers", None)
        if headers is None:
            headers = self.signed(text, body, more.pop("application", None))
        return self.app.test_client().open(
            f"{ROOT}/{wire.path}?{text}",
            method=wire.method,
            data=body,
            headers={**headers, "Content-Type": "application/x-www-form-urlencoded"},
        )

    def ask(self, path: str, action: str, given: Any = None, user: str = USER, org: str = ORG, **more: Any) -> Any:
        """Call an operation: `given` is the query of a GET and the body of a POST."""
        wire = operation(path, action)
        query = {"action": action, "userId": user, "orgId": org}
        if wire.method == "GET":
            return self.send(wire, {**query, **(given or {})}, b"", **more)
        body = given if isinstance(given, bytes) else json.dumps(given or {}).encode()
        return self.send(wire, query, body, **more)

    def call(self, path: str, action: str, given: Any = None, **more: Any) -> Any:
        """Return the data of a call that works."""
        answer = self.ask(path, action, given, **more)
        frame = answer.get_json()
        assert (answer.status_code, frame["code"], frame["msg"]) == (200, 0, "OK"), frame
        return frame["data"]

    def refused(self, path: str, action: str, given: Any = None, **more: Any) -> tuple[int, str]:
        """Return code and text of a call that does not."""
        frame = self.ask(path, action, given, **more).get_json()
        assert frame["data"] is None, frame
        return frame["code"], frame["msg"]

    def trigger(self, at: int = NOW, **body: Any) -> str:
        given = {"flowId": self.flow.id, "triggerTime": at, **body}
        return str(self.call("flows", "trigger", given)["flowInstanceId"])

    def instance(self, instance_id: str) -> dict[str, Any]:
        return dict(self.call("flowInstances", "get", {"flowInstId": instance_id}))

    def task_ids(self) -> dict[str, int]:
        graph = json.loads(self.call("flows", "get", {"flowId": self.flow.id})["graph"])
        return {task["taskName"][-1]: int(task["taskId"]) for task in graph["tasks"]}

    def claim(self) -> Claim:
        [claim] = self.runtime.store.instances.claim_due(1, "test")
        return claim

    def succeed(self, *node_ids: str) -> None:
        """Run the next instance to its end, as the engine would, with these nodes."""
        claim = self.claim()
        runs = tuple(
            NodeRun(one, f"任务 {one}", State.SUCCEEDED, 1, self.clock.now, self.clock.now, Counts(), None)
            for one in node_ids
        )
        assert self.runtime.store.instances.succeed(claim, Counts(), JournalEntries(node_runs=runs))


def operation(path: str, action: str) -> EnosOperation:
    return next(one for one in OPERATIONS if (one.path, one.action) == (path, action))


@contextmanager
def enos_runtime(directory: Path, **options: Any) -> Iterator[Flask]:
    """Run the application over the store in a directory; its section [enos] holds the options."""
    clock = Clock()
    with Runtime(settings(directory, **options), clock=clock, run_engine=False) as runtime:
        yield create_app(runtime, clock=clock)


@contextmanager
def enos_service(directory: Path, **options: Any) -> Iterator[EnosService]:
    """Run a service with an application and a flow; its section [enos] holds the options."""
    clock = Clock()
    with Runtime(settings(directory, **options), clock=clock, run_engine=False) as runtime:
        yield EnosService(runtime, create_app(runtime, clock=clock), clock)


def settings(directory: Path, **options: Any) -> Settings:
    defaults = Settings()
    return dataclasses.replace(
        defaults,
        enos=dataclasses.replace(defaults.enos, **options),
        limits=LimitSettings(failed_logins=""),
        store=StoreSettings(path=str(directory / "store.db")),
    )
