"""People who log in to the platform, and the ways they carry their token."""

import json
import re
from typing import Any

from fdl_platform import ROOT, Answer, Platform, operation

from fdl_trigger.domain.users import Role

PASSWORD = "correct horse (battery)"
MODULE = f"{ROOT}/module"
LOGIN = "/webroot/decision/login"
SCRIPT = f"{LOGIN}/cross/domain"


def person(platform: Platform, name: str = "wang", role: Role = Role.OPERATOR, *folders: str) -> str:
    """Make a user, log in, and return the token."""
    platform.runtime.users.create(name, PASSWORD, role=role, folders=folders, display_name="王五")
    return log_in(platform, name)


def log_in(platform: Platform, name: str = "wang", **fields: Any) -> str:
    answer = platform.send("POST", LOGIN, headers={}, json={"username": name, "password": PASSWORD, **fields})
    return str(answer.data["accessToken"])


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def module(platform: Platform, name: str, body: Any = None, **request: Any) -> Answer:
    """Call an operation under module/; credentials are whatever `headers` and the query hold."""
    wire = operation(name)
    path, method = MODULE + wire.paths[0], wire.methods[0]
    if method == "GET":
        request["query_string"] = {**(body or {}), **request.get("query_string", {})}
    else:
        request["json"] = body or {}
    # Without a jar of its own the client sends the Cookie header it is given.
    response = platform.app.test_client(use_cookies=False).open(path, method=method, **request)
    return Answer(response.status_code, response.get_json(), response.headers)


def script(response: Any) -> tuple[str, dict[str, Any]]:
    """Take a script answer apart the way clients do."""
    found = re.fullmatch(r"([\w$.]+)\((.*)\)", response.text)
    assert found, response.text
    inner = found[2]
    assert not set(inner) & set("()<>&'\u2028\u2029")
    return found[1], json.loads(inner)
