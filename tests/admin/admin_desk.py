"""The admin API of a real service without its engine, and somebody of each role who is logged in."""

from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from fdl_trigger.domain.users import Role
from fdl_trigger.runtime import Runtime

PASSWORD = "correct horse battery staple 7"
PREFIX = "/api/admin"


@dataclass
class Desk:
    """Calls as a user of a role; without a role nobody is logged in."""

    runtime: Runtime
    app: Flask
    tokens: dict[str, str] = field(default_factory=dict)

    def log_in(self, name: str, password: str = PASSWORD) -> Any:
        return self.send("POST", "/tokens", {"name": name, "password": password}, role=None)

    def token(self, role: str) -> str:
        if role not in self.tokens:
            self.runtime.users.create(f"the {role}", PASSWORD, role=Role(role))
            self.tokens[role] = self.log_in(f"the {role}").get_json()["token"]
        return self.tokens[role]

    def send(self, method: str, path: str, body: Any = None, *, role: str | None = "admin", **request: Any) -> Any:
        headers = {**request.pop("headers", {})}
        if role is not None:
            headers["Authorization"] = f"Bearer {self.token(role)}"
        if body is not None:
            request["json"] = body
        return self.app.test_client().open(PREFIX + path, method=method, headers=headers, **request)

    def ok(self, method: str, path: str, body: Any = None, **request: Any) -> Any:
        answer = self.send(method, path, body, **request)
        assert answer.status_code in (200, 201, 204), answer.get_data(as_text=True)
        return answer.get_json(silent=True)

    def problem(self, method: str, path: str, body: Any = None, **request: Any) -> tuple[int, str]:
        """Return status and code of an answer that must be a problem."""
        answer = self.send(method, path, body, **request)
        told = answer.get_json()
        assert answer.content_type == "application/problem+json", answer.get_data(as_text=True)
        assert told["status"] == answer.status_code
        assert told["requestId"] == answer.headers["X-Request-Id"]
        assert told["detail"]
        return answer.status_code, told["code"]
