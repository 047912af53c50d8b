"""The service of the matrix: a task, an instance and everything else there is to reach for, and who reaches for it."""

from datetime import date
from typing import Any
from urllib.parse import quote, urlencode

from access_cast import PASSWORD, Caller, Cast
from access_routes import ENOS, Route
from flask import Flask

from fdl_trigger.domain.audit import AuditEntry
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Connection
from fdl_trigger.runtime import Runtime

DAY = date(2026, 1, 5)
THING = "thing"  # the name of the user and of the connection there are to reach for


class House:
    """What callers reach for; whatever an allowed call took away is put back by `values`."""

    def __init__(self, runtime: Runtime, app: Flask) -> None:
        self.runtime = runtime
        self.app = app
        self.minutes = 0
        self.work_id = self._publish("the task")
        self.callers: list[Caller] = Cast(runtime, self.work_id, self._publish("another task")).everybody()

    def _publish(self, name: str) -> str:
        control = {"instancePolicy": "parallel", "parallelLimit": 1000}
        expose = {"enos": {"owners": ["u"], "orgId": "o"}}
        nodes = [{"id": "n", "type": "VIRTUAL"}]
        task = self.runtime.tasks.save({"workName": name, "nodes": nodes, "control": control, "expose": expose})
        return self.runtime.tasks.publish(uid=task.uid).uid

    def values(self, route: Route) -> dict[str, str]:
        """Return what fills the route's path: things that exist, so that it is not their absence that refuses."""
        application = next((one for one in self.runtime.access.list() if one.name == THING), None)
        application = application or self.runtime.access.create(THING)
        task = next((one for one in self.runtime.tasks.list() if one.name == THING), None)
        spare = task.uid if task else self._publish(THING)
        if THING not in {user.name for user in self.runtime.users.list()} and "/users" in route.rule:
            self.runtime.users.create(THING, PASSWORD)
        self.runtime.connections.save(Connection(THING, "sqlite", {"path": "thing.db"}))
        record = self.runtime.instances.execute(uid=self.work_id).uid
        return {
            "workId": self.work_id,
            "workName": "the task",
            "recordId": record,
            "record_id": record,
            "schedule_id": self._schedule() if "schedule_id" in route.rule else "",
            "backfill_id": self._backfill() if "backfill_id" in route.rule else "",
            "work_id": spare,
            "client_id": application.client_id,
            "key_id": str(application.keys[0].id),
            "name": THING,
            "token_id": "0" * 32,
            "filename": "fdl-trigger.js",
            "rest": "fdl/anything",
            "project_id": "p",
            "instance_id": "i",
            "task_id": self.work_id,
            "dispatch_id": "0",
            "app_id": "the-gateway",
            "api_task_id": self._api_task() if "api_task_id" in route.rule else "",
            **(self._enos_values(route, spare, record) if route.door == ENOS else {}),
        }

    def _enos_values(self, route: Route, spare: str, record: str) -> dict[str, str]:
        self.minutes += 1
        task = self.runtime.tasks.get(uid=self.work_id)
        number, instance = self.runtime.numbers.of_nodes(task.id, ["n"])["n"], self.runtime.instances.get(record)
        manages = route.permission is Operation.MANAGE_TASKS
        return {
            "userId": "u",
            "orgId": "o",
            "flowId": str(self.runtime.tasks.get(uid=spare).id if manages else task.id),
            "taskId": str(number),
            "triggerTime": str(self.minutes * 60_000),
            "flowInstId": f"{task.id}-{instance.id:014d}",
            "taskInstId": f"{number}-{instance.id:014d}",
            "name": f"saved {self.minutes}",
            "dirName": f"made {self.minutes}",
            "flowJson": f'{{"name": "saved {self.minutes}", "tasks": [{{"name": "t", "type": "VIRTUAL"}}]}}',
        }

    def _api_task(self) -> str:
        known = next((one for one in self.runtime.tasks.list() if one.name == "the call"), None)
        if known is not None:
            return known.uid
        config = {"method": "GET", "url": "http://a.example", "authorization": {"type": "NONE"}}
        node = {"id": "call", "type": "HTTP_CALL", "config": config}
        control = {"instancePolicy": "parallel", "parallelLimit": 1000}
        task = self.runtime.tasks.save({"workName": "the call", "folder": "/ROMA", "nodes": [node], "control": control})
        document = {"name": "roma", "enabled": False, "type": "CRON", "value": {"cron": "0 0 * * * ?"}}
        self.runtime.schedules.save(document, uid=task.uid)
        return self.runtime.tasks.publish(uid=task.uid).uid

    def _schedule(self) -> str:
        document = {"name": "hourly", "type": "CRON", "value": {"cron": "0 0 * * * ?"}}
        return self.runtime.schedules.save(document, uid=self.work_id).uid

    def _backfill(self) -> str:
        return self.runtime.reruns.backfill(DAY, DAY, uid=self.work_id).backfill.uid

    def call(self, caller: Caller, request: dict[str, Any]) -> Any:
        """Send the request with the caller's credentials."""
        query = {**request.get("query_string", {}), **caller.query}
        headers = caller.headers_for(request["method"], request["path"], urlencode(query, quote_via=quote))
        given = {**request, "query_string": query, "headers": headers}
        return self.app.test_client(use_cookies=False).open(**given)

    def flush(self) -> None:
        """Wait until the refusals, which nobody waits for, are written."""
        self.runtime.store.audit.record(AuditEntry("test", "flush", "-"))

    def belongings(self) -> dict[str, Any]:
        """Return everything a call could have changed, audit log and last uses apart."""
        runtime = self.runtime
        instances = runtime.store.database.read("SELECT uid, state, terminate_requested_at FROM instance ORDER BY id")
        return {
            "tasks": [(one.uid, one.version, one.enabled, one.draft) for one in runtime.tasks.list()],
            "applications": [(one.client_id, one.enabled, one.grants, len(one.keys)) for one in runtime.access.list()],
            "users": [(one.name, one.role, one.enabled, one.password_hash) for one in runtime.users.list()],
            "logins": [one.jti for one in runtime.sessions.list()],
            "connections": list(runtime.connections.list()),
            "instances": [tuple(row) for row in instances],
        }


def is_let_in(answer: Any) -> bool:
    """Tell whether an answer gives what was asked for: 2xx, and not an envelope that says otherwise."""
    if not 200 <= answer.status_code < 300:
        return False
    told = answer.get_json(silent=True)
    if not isinstance(told, dict) or told.get("success") is False:
        return not isinstance(told, dict)
    return not (isinstance(told.get("code"), int) and told["code"] != 0)


def is_kept_out(answer: Any) -> bool:
    """Tell whether an answer refuses the caller as such."""
    told = answer.get_json(silent=True) if answer.status_code == 200 else None
    return answer.status_code in (401, 403, 429) or (
        isinstance(told, dict) and told.get("code") in (62101, 62103, 62105)
    )
