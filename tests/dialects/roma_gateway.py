"""The service behind the ROMA surface, with callers that sign as the vendor's SDK does."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fdl_platform import HandTurnedClock
from flask import Flask

from fdl_trigger.config import Settings, StoreSettings
from fdl_trigger.domain.apigw import Signable, authorization, date_text, payload_hash
from fdl_trigger.domain.applications import Application
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Grant
from fdl_trigger.runtime import Runtime
from fdl_trigger.web import create_app

APIC = "/v2/project-1/apic/instances/instance-1"
FDI = "/v2/project-1/fdi/instances/instance-1"
START = 1_760_584_080_000
CRON = {"trigger_type": "CRON", "cron": "0 0/5 * * * ?"}
EVERY_HOUR = {"trigger_type": "CALENDAR", "interval": 1, "period": "HOUR"}


@dataclass
class Gateway:
    """The service, and an application that may do everything."""

    runtime: Runtime
    app: Flask
    clock: Any
    application: Application = field(init=False)

    def __post_init__(self) -> None:
        self.application = self.runtime.access.create("roma", grants=[Grant(one) for one in Operation])

    def call(self, method: str, path: str, body: Any = None, *, root: str = APIC, **changes: Any) -> tuple[int, Any]:
        """Call with a signature; `query`, `headers` and whatever `signed` takes may be changed."""
        data = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        query = "&".join(f"{quote(k)}={quote(str(v), safe='')}" for k, v in changes.pop("query", {}).items())
        headers = changes.pop("headers", None)
        if headers is None:
            headers = self.signed(method, root + path, query, data, **changes)
        response = self.app.test_client(use_cookies=False).open(
            root + path, method=method, query_string=query, data=data, headers=headers
        )
        return response.status_code, response.get_json(silent=True)

    def signed(self, method: str, path: str, query: str = "", body: bytes = b"", **changes: Any) -> dict[str, str]:
        """Return the headers of a signed request."""
        key = changes.get("key", self.application.client_id)
        secret = changes.get("secret", self.application.secret)
        headers = {
            "host": "localhost",
            "x-sdk-date": date_text(self.clock() + changes.get("skew_ms", 0)),
            "x-project-id": "project-1",
            "content-type": "application/json;charset=UTF-8",
            **changes.get("extra", {}),
        }
        payload = headers.get("x-sdk-content-sha256", payload_hash(body))
        request = Signable(method, path, query, headers, payload)
        return {**headers, "Authorization": authorization(request, key, secret or "")}

    def create_app(self, name: str = "orders") -> str:
        status, answer = self.call("POST", "/apps", {"name": name, "app_key": "key-1", "app_secret": "secret-0001"})
        assert status == 201, answer
        return str(answer["id"])

    def fields(self, **changes: Any) -> dict[str, Any]:
        """Return the fields of a task."""
        app_id = changes.pop("app_id", None) or self.create_app(f"app of {changes.get('name', 'nightly')}")
        api = {"method": "GET", "url": "http://127.0.0.1:9/x", "auth": "APP_SIGN"}
        return {"name": "nightly", "app_id": app_id, "api": api, **CRON, **changes}

    def create(self, **changes: Any) -> dict[str, Any]:
        status, answer = self.call("POST", "/api-tasks", self.fields(**changes))
        assert status == 201, answer
        return dict(answer)

    def act(self, task_id: str, action: str) -> dict[str, Any]:
        status, answer = self.call("POST", f"/api-tasks/{task_id}/action", {"action": action})
        assert status == 200, answer
        return dict(answer)


@contextmanager
def opened(path: Path, **roma: Any) -> Iterator[Gateway]:
    """Open a service without its engine; `roma` changes its settings."""
    defaults = Settings()
    settings = replace(defaults, store=StoreSettings(path=str(path)), roma=replace(defaults.roma, **roma))
    clock = HandTurnedClock()
    with Runtime(settings, clock=clock, run_engine=False) as runtime:
        yield Gateway(runtime, create_app(runtime, clock=clock), clock)
