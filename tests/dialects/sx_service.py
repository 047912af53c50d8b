"""SchedulerX as its callers see it: signed requests by both schemes to the real service, without a socket."""

import hashlib
import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from flask import Flask

from fdl_trigger.auth import aliyun_acs3, aliyun_rpc
from fdl_trigger.domain.applications import Application
from fdl_trigger.domain.creation import Claim
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Counts, Grant, Task
from fdl_trigger.runtime import Runtime
from fdl_trigger.store.journal import NO_ENTRIES

NAMESPACE, GROUP = "433d8b23-06e9-4cac-a2d3-3fd3eb8b6d3b", "demo.defaultGroup"
NAMES = {"Namespace": NAMESPACE, "GroupId": GROUP}
_NONCES = itertools.count()


def document(name: str, *, names: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    exposed = {"group": GROUP, "namespace": NAMESPACE} if names is None else names
    return {
        "workName": name,
        "nodes": [{"id": "n", "type": "VIRTUAL"}],
        "control": {"instancePolicy": "parallel", "parallelLimit": 100},
        "expose": {"schedulerx": exposed},
        **changes,
    }


@dataclass
class Answer:
    """An answer; the rule of section 6 is checked on the way."""

    status: int
    body: dict[str, Any]
    headers: Any
    text: str

    def __post_init__(self) -> None:
        code = self.body["Code"]
        assert (self.status == 200) == isinstance(code, int), self.text
        assert self.status < 500 or self.status == 503, self.text
        assert len(self.body["RequestId"]) == 36
        assert self.body["RequestId"] == self.body["RequestId"].upper()

    @property
    def code(self) -> int | str:
        return self.body["Code"]

    @property
    def data(self) -> Any:
        assert (self.code, self.body["Success"]) == (200, True), self.text
        return self.body.get("Data")

    @property
    def message(self) -> str:
        return str(self.body["Message"])


@dataclass
class Service:
    """The service, an application that may do everything, and a published task that is exposed."""

    runtime: Runtime
    app: Flask
    clock: Any
    application: Application = field(init=False)
    task: Task = field(init=False)

    def __post_init__(self) -> None:
        self.application = self.runtime.access.create("reports", grants=[Grant(one) for one in Operation])
        self.task = self.publish("01数据同步")

    def publish(self, name: str, **changes: Any) -> Task:
        return self.runtime.tasks.publish(uid=self.runtime.tasks.save(document(name, **changes)).uid)

    def timestamp(self) -> str:
        return datetime.fromtimestamp(self.clock() / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def signed(self, action: str, parameters: dict[str, str], method: str = "GET", **changes: str) -> dict[str, str]:
        """Return all parameters of a call by RPC; an empty change leaves the parameter out, `Secret` signs."""
        common = {
            "Action": action,
            "Version": "2019-04-30",
            "Format": "JSON",
            "AccessKeyId": self.application.client_id,
            "SignatureMethod": "HMAC-SHA1",
            "SignatureType": "",
            "SignatureVersion": "1.0",
            "SignatureNonce": f"nonce-{next(_NONCES)}",
            "Timestamp": self.timestamp(),
        }
        secret = changes.pop("Secret", self.application.secret or "")
        every = {**common, **parameters, **{name: value for name, value in changes.items() if value}}
        for name in (name for name, value in changes.items() if not value):
            every.pop(name, None)
        return {**every, "Signature": aliyun_rpc.sign(aliyun_rpc.string_to_sign(method, every), secret)}

    def call(self, action: str, method: str = "GET", path: str = "/", **parameters: Any) -> Answer:
        """Call by RPC with the names of the group; everything in the query, or in the body of a POST."""
        given = {name: str(value) for name, value in {**NAMES, **parameters}.items() if value is not None}
        return self.send(self.signed(action, given, method), method, path)

    def send(self, parameters: dict[str, str], method: str = "GET", path: str = "/", **request: Any) -> Answer:
        if method == "GET":
            return self.open(path, method, query_string=urlencode(parameters), **request)
        return self.open(path, method, data=urlencode(parameters), content_type=FORM, **request)

    def acs3(self, action: str, method: str = "GET", body: dict[str, str] | None = None, **parameters: Any) -> Answer:
        """Call by ACS3 with the names of the group in the query."""
        return self.open("/", method, **self.acs3_request(action, method, body, **parameters))

    def acs3_request(
        self, action: str, method: str = "GET", body: dict[str, str] | None = None, **parameters: Any
    ) -> dict[str, Any]:
        query = [(name, str(value)) for name, value in {**NAMES, **parameters}.items() if value is not None]
        data = urlencode(body).encode() if body else b""
        headers = {
            "host": "localhost",
            "x-acs-action": action,
            "x-acs-version": "2019-04-30",
            "x-acs-date": self.timestamp(),
            "x-acs-signature-nonce": f"nonce-{next(_NONCES)}",
            "x-acs-content-sha256": hashlib.sha256(data).hexdigest(),
        }
        if body:
            headers["content-type"] = FORM
        names = tuple(sorted(headers))
        request = aliyun_acs3.Request(method, query, headers.get, data)
        text = aliyun_acs3.canonical_request(request, names, headers["x-acs-content-sha256"])
        signature = aliyun_acs3.sign(aliyun_acs3.string_to_sign(text), self.application.secret or "")
        credential = f"Credential={self.application.client_id},SignedHeaders={';'.join(names)},Signature={signature}"
        headers["Authorization"] = f"ACS3-HMAC-SHA256 {credential}"
        return {"query_string": urlencode(query), "data": data, "headers": headers}

    def open(self, path: str, method: str, **request: Any) -> Answer:
        response = self.app.test_client().open(path, method=method, **request)
        text = response.get_data(as_text=True)
        if response.content_type == "application/json;charset=utf-8":
            body = json.loads(text)
        else:
            assert response.content_type == "text/xml;charset=utf-8", (response.content_type, text)
            root = ElementTree.fromstring(text)  # noqa: S314 - our own answer
            body = _values(root)
            body["Code"] = int(body["Code"]) if body["Code"].isdigit() else body["Code"]
            if "Success" in body:
                body["Success"] = body["Success"] == "true"
        return Answer(response.status_code, body, response.headers, text)

    def execute(self, task: Task | None = None, **parameters: Any) -> int:
        return int(self.call("ExecuteJob", JobId=(task or self.task).id, **parameters).data["JobInstanceId"])

    def claim(self) -> Claim:
        """Start the next waiting instance, as the engine would."""
        [claim] = self.runtime.store.instances.claim_due(1, "test")
        return claim

    def succeed(self) -> None:
        assert self.runtime.store.instances.succeed(self.claim(), Counts(), NO_ENTRIES)

    def detail(self, number: int, **parameters: Any) -> dict[str, Any]:
        answer = self.call("GetJobInstance", JobId=self.task.id, JobInstanceId=number, **parameters)
        return dict(answer.data["JobInstanceDetail"])


FORM = "application/x-www-form-urlencoded"


def _values(element: Any) -> dict[str, Any]:
    return {child.tag: _values(child) if len(child) else (child.text or "") for child in element}
