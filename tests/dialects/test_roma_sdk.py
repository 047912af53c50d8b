"""An unmodified client of the vendor's SDK over the real server, and its signer as judge of what tasks send."""

import json
import subprocess
import sys
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fdl_trigger.config import OutgoingSettings, ServerSettings, Settings, StoreSettings
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Grant
from fdl_trigger.runtime import Runtime
from fdl_trigger.server import Server
from fdl_trigger.web import create_app

ROOT = Path(__file__).parents[2]
SDK = ROOT / ".sdks" / "roma"
KEY, SECRET = "integration-key-0001", "integration-secret-0001"


@pytest.fixture(scope="module")
def sdk():
    """The vendor's SDK in a process and an environment of its own."""
    made = subprocess.run(
        ["sh", str(ROOT / "scripts" / "roma-sdk"), sys.executable, str(SDK)], capture_output=True, text=True
    )
    if made.returncode:
        pytest.fail(f"the vendor's SDK cannot be installed here: {made.stderr[-300:]}")
    program = [str(SDK / "bin" / "python"), "-W", "ignore", str(Path(__file__).with_name("roma_sdk_program.py"))]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        yield process
        process.stdin.close()


class Target:
    """A real HTTP server that keeps what it is sent; a path that begins with /fail fails the first time."""

    def __init__(self):
        self.seen = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self):
        target = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                target.seen.append((self.command, self.path, dict(self.headers), body))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

            def log_message(self, *_):
                return

        return Handler


@pytest.fixture
def target():
    server = Target()
    yield server
    server.close()


class Service:
    """The running service and the SDK that calls it."""

    def __init__(self, runtime, url, sdk):
        self.runtime, self._url, self._sdk = runtime, url, sdk
        self._application = runtime.access.create("account", grants=[Grant(one) for one in Operation])

    def tell(self, **order):
        order = {"url": self._url, "key": self._application.client_id, "secret": self._application.secret, **order}
        self._sdk.stdin.write(json.dumps(order) + "\n")
        return json.loads(self._sdk.stdout.readline())

    def call(self, operation, request, kind=None, **values):
        return self.tell(do="call", operation=operation, request=request, body=kind, values=values)

    def send(self, method, path, body=None, **more):
        return self.tell(do="send", method=method, path=path, body=body, **more)

    def until(self, ask):
        """Ask until there is an answer."""
        deadline = time.monotonic() + 20
        while not (found := ask()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return found


@pytest.fixture
def service(tmp_path, sdk):
    settings = replace(
        Settings(),
        store=StoreSettings(path=str(tmp_path / "store.db")),
        outgoing=replace(OutgoingSettings(), loopback=True),
    )
    with Runtime(settings) as runtime, Server(create_app(runtime), ServerSettings(port=0, threads=4)) as server:
        yield Service(runtime, server.url, sdk)


def task_fields(service, target, **changes):
    _, app = service.send("POST", "/apps", {"name": "orders", "app_key": KEY, "app_secret": SECRET})
    api = {"method": "GET", "url": f"{target.url}/x", "auth": "APP_SIGN"}
    interval = {"trigger_type": "CALENDAR", "interval": 59, "period": "MON"}
    return {"name": "nightly", "app_id": app["id"], "api": api, **interval, **changes}


def is_signed(service, seen):
    """Have the vendor's signer sign the same request, and compare."""
    method, path, headers, body = seen
    given = headers["Authorization"]
    names = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    signed = {name: value for name, value in headers.items() if name.lower() in names}
    order = {"method": method, "target": path, "headers": signed, "body": body, "key": KEY, "secret": SECRET}
    return service.tell(do="sign", **order) == given


def test_a_client_creates_starts_monitors_and_stops_a_schedule(service, target):
    document = {
        "workName": "copy",
        "nodes": [{"id": "n", "type": "HTTP_CALL", "config": {"url": f"{target.url}/x"}}],
    }
    task_id = service.runtime.tasks.publish(uid=service.runtime.tasks.save(document).uid).uid
    dispatch = {"use_quartz_cron": True, "cron": "0 30 12 * * ?", "remark": "daily"}
    made = service.call("create_dispatches", "CreateDispatchesRequest", "TaskDispatch", task_id=task_id, body=dispatch)
    assert (made["task_id"], made["cron"], made["use_quartz_cron"]) == (task_id, "0 30 12 * * ?", True)
    dispatch = {"use_quartz_cron": False, "period": "HOUR", "dispatch_interval": 2}
    changed = service.call(
        "update_dispatches",
        "UpdateDispatchesRequest",
        "TaskDispatch",
        task_id=task_id,
        dispatch_id=made["dispatch_id"],
        body=dispatch,
    )
    assert (changed["period"], changed["dispatch_interval"]) == ("HOUR", 2)
    batch = {"action_id": "start", "list": [{"task_id": task_id}, {"task_id": "nobody"}]}
    done = service.call("batch_start_or_stop_tasks", "BatchStartOrStopTasksRequest", "OperateTasksBean", body=batch)
    assert (done["success_count"], done["failure_count"]) == (1, 1)
    assert service.runtime.schedules.get(made["dispatch_id"]).next_fire_at is not None
    service.call("run_task", "RunTaskRequest", task_id=task_id)
    logs = service.until(
        lambda: [
            one
            for one in service.call("list_monitor_log", "ListMonitorLogRequest", task_id=task_id)["entities"]
            if one["execute_status"] == "SUCCESS"
        ]
    )
    assert logs[0]["end_time"] >= logs[0]["start_time"]
    shown = service.call("show_dispatches", "ShowDispatchesRequest", task_id=task_id)
    assert shown["dispatch_id"] == made["dispatch_id"]
    batch["action_id"] = "stop"
    service.call("batch_start_or_stop_tasks", "BatchStartOrStopTasksRequest", "OperateTasksBean", body=batch)
    [row] = service.call("list_monitor_infos", "ListMonitorInfosRequest", task_name="copy")["entities"]
    assert (row["task_id"], row["status"], row["period"]) == (task_id, 0, "HOUR")
    assert service.runtime.schedules.get(made["dispatch_id"]).paused


def test_a_client_is_told_what_is_wrong(service):
    answer = service.call("show_dispatches", "ShowDispatchesRequest", task_id="nobody")
    assert (answer["status"], answer["error_code"]) == (404, "FDI.4041")
    answer = service.tell(
        do="call", operation="run_task", request="RunTaskRequest", values={"task_id": "x"}, secret="0" * 32
    )
    assert (answer["status"], answer["error_code"]) == (401, "APIC.0303")


@pytest.mark.parametrize(
    "changes",
    [
        {"req_params": [{"name": "b", "value": "x y+z"}, {"name": "a", "value": "中"}, {"name": "b", "value": ""}]},
        {"api": {"method": "POST"}, "req_body": '{"名":"值"}', "content_type": "application/json"},
        {"api": {"method": "PUT"}, "req_body": "<a>1</a>", "content_type": "application/xml"},
        {"api": {"method": "PATCH"}, "req_body": "text", "content_type": "application/text"},
        {"api": {"url": "/run task/中/~x"}, "req_headers": [{"name": "X-Stage", "value": "RELEASE"}]},
    ],
)
def test_a_started_task_calls_at_once_with_a_signature_the_vendor_would_make(service, target, changes):
    fields = task_fields(service, target)
    api = {**fields["api"], **changes.pop("api", {})}
    if api["url"].startswith("/"):
        api["url"] = target.url + api["url"].replace(" ", "%20")
    status, task = service.send("POST", "/api-tasks", {**fields, **changes, "api": api})
    assert status == 201, task
    assert service.send("POST", f"/api-tasks/{task['id']}/action", {"action": "start"})[1]["state"] == "STARTED"
    path = f"/api-tasks/{task['id']}/executions"
    [run] = service.until(lambda: service.send("GET", path, query=[("status", "SUCCESS")])[1]["executions"])
    assert (run["trigger"], run["status"]) == ("CALENDAR", "SUCCESS")
    [attempt] = run["attempts"]
    assert (attempt["n"], attempt["http_status"], attempt["response_head"]) == (1, 200, "ok")
    assert service.send("POST", f"/api-tasks/{task['id']}/action", {"action": "stop"})[1]["state"] == "STOPPED"
    [seen] = target.seen
    assert is_signed(service, seen)
    assert seen[2].get("Content-Type") == fields.get("content_type") or seen[2]["Content-Type"] == task["content_type"]


def test_both_ways_the_vendor_signs_a_body_are_accepted(service):
    body = {"name": "a", "app_key": KEY, "app_secret": SECRET}
    assert service.send("POST", "/apps", body)[0] == 201
    # The SDK writes XML then, and signs UNSIGNED-PAYLOAD: the signature is right, the body is not JSON.
    assert service.send("POST", "/apps", body, content_type="application/xml")["status"] == 400
