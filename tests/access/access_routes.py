"""Every route of the application, with what it asks of its caller, and a request for it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fdl_trigger.auth.permissions import Permission, permission_of
from fdl_trigger.config import Settings
from fdl_trigger.runtime import Runtime
from fdl_trigger.web import create_app

ADMIN, MODULE, APPLICATION, ROMA, OTHER = "admin", "module", "application", "roma", "other"


@dataclass(frozen=True)
class Route:
    """One method of one rule of the URL map."""

    method: str
    rule: str
    endpoint: str
    permission: Permission | None

    @property
    def door(self) -> str:
        """Which kind of credentials the path takes."""
        if self.rule.startswith("/api/admin/"):
            return ADMIN
        if "/sp/client/api/module" in self.rule:
            return MODULE
        if self.rule.startswith("/v2/"):
            return ROMA
        return APPLICATION if "/sp/client/api/" in self.rule else OTHER

    def request(self, values: dict[str, str]) -> dict[str, Any]:
        """Return path and body with the values filled in, wherever the route may look for them."""
        path = re.sub(r"<(?:[^:<>]*(?:\([^)]*\))?:)?(\w+)>", lambda match: values[match[1]], self.rule)
        request: dict[str, Any] = {"path": path, "method": self.method}
        if self.door in (APPLICATION, MODULE) and self.method in ("GET", "HEAD"):
            request["query_string"] = {name: values[name] for name in ("workId", "workName", "recordId")}
        elif self.method in ("POST", "PUT", "PATCH"):
            request["json"] = {name: values[name] for name in ("workId", "workName", "recordId")}
        return request

    def __str__(self) -> str:
        return f"{self.method} {self.rule}"


def routes() -> list[Route]:
    """Return every route but the preflights, which browsers send without credentials."""
    return list(_routes())


def _routes() -> Iterator[Route]:
    app = create_app(Runtime(Settings()))
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            yield Route(method, rule.rule, rule.endpoint, permission_of(app.view_functions[rule.endpoint]))
