"""Every route of the application, with what it asks of its caller, and a request for it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fdl_trigger.auth.permissions import ByAction, Permission, permission_of
from fdl_trigger.config import Settings
from fdl_trigger.runtime import Runtime
from fdl_trigger.web import create_app

ADMIN, MODULE, APPLICATION, ROMA, ENOS, OTHER = "admin", "module", "application", "roma", "enos", "other"
ENOS_FIELDS = ("flowId", "taskId", "triggerTime", "flowInstId", "taskInstId", "name", "dirName", "flowJson")


@dataclass(frozen=True)
class Route:
    """One method of one rule of the URL map, and one action where the rule serves several."""

    method: str
    rule: str
    endpoint: str
    permission: Permission | None
    action: str = ""

    @property
    def door(self) -> str:
        """Which kind of credentials the path takes."""
        if self.rule.startswith("/api/admin/"):
            return ADMIN
        if "/sp/client/api/module" in self.rule:
            return MODULE
        if self.rule.startswith("/v2/"):
            return ROMA
        if self.rule.startswith("/batch-processing-service/"):
            return ENOS
        return APPLICATION if "/sp/client/api/" in self.rule else OTHER

    def request(self, values: dict[str, str]) -> dict[str, Any]:
        """Return path and body with the values filled in, wherever the route may look for them."""
        path = re.sub(r"<(?:[^:<>]*(?:\([^)]*\))?:)?(\w+)>", lambda match: values[match[1]], self.rule)
        request: dict[str, Any] = {"path": path, "method": self.method}
        if self.door == ENOS:
            fields = {name: values[name] for name in ENOS_FIELDS}
            query = {"action": self.action, "userId": values["userId"], "orgId": values["orgId"]}
            get = self.method in ("GET", "HEAD")
            return {
                **request,
                "query_string": {**query, **(fields if get else {})},
                **({} if get else {"json": fields}),
            }
        if self.door in (APPLICATION, MODULE) and self.method in ("GET", "HEAD"):
            request["query_string"] = {name: values[name] for name in ("workId", "workName", "recordId")}
        elif self.method in ("POST", "PUT", "PATCH"):
            request["json"] = {name: values[name] for name in ("workId", "workName", "recordId")}
        return request

    def __str__(self) -> str:
        return f"{self.method} {self.rule} {self.action}".rstrip()


def routes() -> list[Route]:
    """Return every route but the preflights, which browsers send without credentials."""
    return list(_routes())


def _routes() -> Iterator[Route]:
    app = create_app(Runtime(Settings()))
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            permission = permission_of(app.view_functions[rule.endpoint])
            actions = permission.actions if isinstance(permission, ByAction) else {"": permission}
            for action, one in actions.items():
                yield Route(method, rule.rule, rule.endpoint, one, action)
