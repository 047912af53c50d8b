"""Integration applications: api connections that hold one. Their secrets are only ever written."""

import secrets
from collections.abc import Callable
from typing import Any

from ...core.connections import ConnectionService
from ...core.permissions import require_everywhere
from ...domain.errors import AlreadyRunning, DefinitionInvalid, InvalidParameter, ObjectNotFound
from ...domain.operations import Operation
from ...domain.records import Connection, Principal
from .calls import Call, Reply
from .documents import in_their_words
from .fields import AppSchema, load
from .tasks import Tasks


class Apps:
    """The calls on `/apps`."""

    def __init__(self, connections: Callable[[], ConnectionService], tasks: Tasks) -> None:
        self._connections = connections
        self._tasks = tasks

    def create(self, call: Call) -> Reply:
        """Keep the key and secrets of an application."""
        require_everywhere(call.principal, Operation.MANAGE_TASKS)
        values = load(AppSchema, call.body)
        if any(_name(one) == values["name"] for one in self._all(call.principal)):
            raise InvalidParameter(f"name: there is an application '{values['name']}' already.")
        own = {"key": values["app_key"], "secret": values["app_secret"], "code": values["app_code"] or ""}
        settings = {"name": values["name"], "application": own}
        app = Connection(f"roma-{secrets.token_hex(8)}", "api", settings)
        try:
            self._connections().save(app, call.principal)
        except DefinitionInvalid as error:
            problems = error.details.get("problems")
            names = problems if isinstance(problems, list) else []
            renamed = [(key.replace("application.", "app_"), reason) for key, reason in names]
            raise in_their_words(DefinitionInvalid(error.message, problems=renamed)) from None
        return Reply(201, _answer(app))

    def page(self, call: Call) -> Reply:
        """List the applications."""
        apps = [_answer(one) for one in self._all(call.principal)]
        return Reply(200, {"total": len(apps), "size": len(apps), "apps": apps})

    def read(self, call: Call) -> Reply:
        """Read one application."""
        return Reply(200, _answer(self._find(call)))

    def delete(self, call: Call) -> Reply:
        """Delete an application no task calls as."""
        app = self._find(call)
        if self._tasks.uses(app.name):
            raise AlreadyRunning("Tasks call as this application; delete or change them first.")
        self._connections().delete(app.name, call.principal)
        return Reply(204, None)

    def _all(self, principal: Principal) -> list[Connection]:
        require_everywhere(principal, Operation.MANAGE_TASKS)
        return [one for one in self._connections().list() if one.kind == "api" and one.settings.get("application")]

    def _find(self, call: Call) -> Connection:
        wanted = call.path["app_id"]
        found = next((one for one in self._all(call.principal) if one.name == wanted), None)
        if found is None:
            raise ObjectNotFound(f"There is no application '{wanted[:64]}'.")
        return found


def _name(connection: Connection) -> str:
    return str(connection.settings.get("name") or connection.name)


def _answer(connection: Connection) -> dict[str, Any]:
    return {
        "id": connection.name,
        "name": _name(connection),
        "app_key": connection.settings["application"]["key"],
        "has_app_code": bool(connection.settings["application"].get("code")),
    }
