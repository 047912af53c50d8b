"""The real service without its engine and without a socket: instances wait until a test moves them on."""

from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from fdl_trigger.dialects.finedatalink.operations import APPLICATION_ROOT, OPERATIONS, WireOperation
from fdl_trigger.domain.applications import Application
from fdl_trigger.domain.creation import Claim
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Connection, Counts, Grant, Task
from fdl_trigger.runtime import Runtime
from fdl_trigger.store.journal import NO_ENTRIES

START = 1_760_584_080_000
ROOT = "/webroot/decision" + APPLICATION_ROOT
EVERYTHING = tuple(Grant(operation) for operation in Operation)


class HandTurnedClock:
    """Milliseconds that move only when a test says so."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


@dataclass
class Answer:
    """An answer taken apart."""

    status: int
    envelope: dict[str, Any]
    headers: Any

    @property
    def data(self) -> Any:
        assert self.envelope["success"] is True, self.envelope
        return self.envelope["data"]

    @property
    def error(self) -> str:
        """The errorCode; the envelope of a failure is checked on the way."""
        envelope = self.envelope
        assert list(envelope) == ["success", "code", "message", "data", "errorCode", "errorMsg"]
        assert (envelope["success"], envelope["data"]) == (False, None)
        assert envelope["code"] == envelope["errorCode"]
        assert envelope["message"] == envelope["errorMsg"] != ""
        return str(envelope["errorCode"])


@dataclass
class Platform:
    """The service, an application that may do everything, and a published task."""

    runtime: Runtime
    app: Flask
    clock: HandTurnedClock
    application: Application = field(init=False)
    task: Task = field(init=False)

    def __post_init__(self) -> None:
        self.application = self.runtime.access.create("reports", grants=EVERYTHING)
        self.runtime.connections.save(Connection("out", "sqlite", {"path": "out.db"}))
        self.task = self.publish("01数据同步")

    @property
    def credentials(self) -> dict[str, str]:
        return {"client_id": self.application.client_id, "secret": self.application.secret or ""}

    def save(self, name: str, **document: Any) -> Task:
        return self.runtime.tasks.save(task_document(name, **document))

    def publish(self, name: str, **document: Any) -> Task:
        return self.runtime.tasks.publish(uid=self.save(name, **document).uid)

    def send(self, method: str, path: str, **request: Any) -> Answer:
        """Call any path; without `headers` the application's own credentials are sent."""
        request.setdefault("headers", self.credentials)
        response = self.app.test_client().open(path, method=method, **request)
        return Answer(response.status_code, response.get_json(), response.headers)

    def call(self, name: str, body: Any = None, **request: Any) -> Answer:
        """Call an operation by its documented path with a JSON body, or a query where it takes no body."""
        wire = operation(name)
        if wire.methods[0] == "GET":
            return self.send("GET", ROOT + wire.paths[0], query_string=body, **request)
        return self.send(wire.methods[0], ROOT + wire.paths[0], json=body or {}, **request)

    def execute(self, task: Task | None = None, **fields: Any) -> str:
        answer = self.call("execute_by_id", {"workId": (task or self.task).uid, **fields})
        return str(answer.data["recordId"])

    def claim(self) -> Claim:
        """Start the next waiting instance, as the engine would."""
        [claim] = self.runtime.store.instances.claim_due(1, "test")
        return claim

    def succeed(self, counts: Counts = Counts()) -> None:  # noqa: B008 - an immutable value
        assert self.runtime.store.instances.succeed(self.claim(), counts, NO_ENTRIES)

    def info(self, record_id: str) -> dict[str, Any]:
        return dict(self.call("record_info", {"recordId": record_id}).data)


def operation(name: str) -> WireOperation:
    return next(wire for wire in OPERATIONS if wire.name == name)


def task_document(name: str, **changes: Any) -> dict[str, Any]:
    """A task that would copy rows from an API; nothing runs it here."""
    source = {"type": "API", "method": "GET", "url": "http://127.0.0.1:9/rows", "jsonPath": "$[*]"}
    target = {
        "connection": "out",
        "table": "rows",
        "mode": "AUTO_CREATE",
        "fields": [{"name": "id", "type": "INTEGER"}],
    }
    config = {
        "source": source,
        "target": target,
        "mapping": [{"source": "id", "target": "id"}],
        "write": {"method": "DIRECT"},
    }
    return {"workName": name, "nodes": [{"id": "copy", "type": "DATA_SYNC", "config": config}], **changes}
