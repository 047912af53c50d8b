"""The surface as a blueprint: one route a call, one flow for all of them."""

from collections.abc import Callable, Iterator
from typing import Any

from flask import Response, request
from flask_smorest import Api, Blueprint

from ...auth.permissions import permits
from ...domain.errors import TriggerError
from ...domain.operations import Operation
from ...domain.recurrence import ROMA_LIMITS, Limits
from ..base import Services
from ..bodies import read_body, read_query
from . import answers
from .apps import Apps
from .calls import Call, Route
from .dispatches import Dispatches
from .door import Door
from .executions import Executions
from .monitoring import Monitoring
from .plan_states import PlanStates
from .tasks import Tasks

PREFIX = "/v2"
_APIC = "/apic/instances/<instance_id>"
_FDI = "/fdi/instances/<instance_id>"
_TASKS = f"{_APIC}/api-tasks"
_TASK = f"{_TASKS}/<api_task_id>"
_APPS = f"{_APIC}/apps"
_FDI_TASK = f"{_FDI}/tasks/<task_id>"
View = Callable[..., Response]
_STATUSES = {
    "400": "A field or the request is wrong",
    "401": "The signature or the token is wrong",
    "403": "Not granted",
    "404": "There is no such thing",
    "409": "Not in the state the task is in",
    "429": "Too many requests",
}


class RomaConnect:
    """The calls of section 7, below `/v2/<project_id>`; project and instance may be any text."""

    prefixes: tuple[str, ...] = (PREFIX,)

    def __init__(self, services: Services) -> None:
        options = services.options
        self._admission = services.admission
        self._door = Door(
            services.admission,
            services.applications,
            options.get("auth_token", ""),
            options.get("auth_application", ""),
        )
        limits = Limits(cron_fields=ROMA_LIMITS.cron_fields) if options.get("cron_seconds") else ROMA_LIMITS
        plans = PlanStates(services.schedules, services.clock, limits, options.get("time_zone") or "UTC")
        tasks = Tasks(services.tasks, services.instances, services.connections, plans)
        dispatches = Dispatches(services.tasks, services.instances, plans)
        self._routes = (
            *_task_routes(tasks, Executions(tasks, services.instances, services.schedules)),
            *_app_routes(Apps(services.connections, tasks)),
            *_fdi_routes(dispatches, Monitoring(services.tasks, services.instances, dispatches, plans)),
        )

    def register(self, api: Api) -> None:
        """Add the routes and their documentation."""
        api.spec.components.security_scheme("romaToken", {"type": "apiKey", "in": "header", "name": "X-Auth-Token"})
        signed = {"type": "apiKey", "in": "header", "name": "Authorization", "description": "SDK-HMAC-SHA256"}
        api.spec.components.security_scheme("romaSignature", signed)
        blueprint = Blueprint("roma", __name__, description="ROMA Connect: scheduled API calls")
        for route in self._routes:
            view = _documented(route, permits(route.operation)(self._view(route)))
            path = f"/<project_id>{route.path}"
            blueprint.add_url_rule(path, endpoint=route.name, view_func=view, methods=[route.method], tags=["ROMA"])
        api.register_blueprint(blueprint, url_prefix=PREFIX)

    def render_error(self, error: TriggerError) -> Response:
        """Return the answer for an error, in the envelope of section 6."""
        return answers.failure(error, is_fdi="/fdi/" in request.path)

    def _view(self, route: Route) -> View:
        def answer(**path: str) -> Response:
            environ = request.environ
            try:
                principal = self._door.admit(environ, request.get_data)
                query = read_query(environ.get("QUERY_STRING", ""))
                body = read_body(request.get_data()) if route.method in ("POST", "PUT") else {}
                reply = route.action(Call(principal, path, body, query))
            except TriggerError as error:
                self._admission.refused(environ, f"roma.{route.name}", error)
                return self.render_error(error)
            return answers.success(reply.payload, reply.status)

        return answer


def _task_routes(tasks: Tasks, executions: Executions) -> Iterator[Route]:
    manage = Operation.MANAGE_TASKS
    yield Route("create_task", "Create a task", "POST", _TASKS, manage, tasks.create)
    yield Route("list_tasks", "List tasks", "GET", _TASKS, Operation.READ, tasks.page)
    yield Route("read_task", "Read a task", "GET", _TASK, Operation.READ, tasks.read)
    yield Route("replace_task", "Replace a task that is not started", "PUT", _TASK, manage, tasks.replace)
    yield Route("delete_task", "Delete a task that is not started", "DELETE", _TASK, manage, tasks.delete)
    yield Route("act_on_task", "Start or stop a task", "POST", f"{_TASK}/action", manage, tasks.act)
    yield Route("run_task", "Run a task once", "POST", f"{_TASK}/run", Operation.EXECUTE, tasks.run)
    path = f"{_TASK}/executions"
    yield Route("list_executions", "List the run records of a task", "GET", path, Operation.LIST, executions.page)


def _app_routes(apps: Apps) -> Iterator[Route]:
    manage = Operation.MANAGE_TASKS
    yield Route("create_app", "Keep an integration application", "POST", _APPS, manage, apps.create)
    yield Route("list_apps", "List the integration applications", "GET", _APPS, manage, apps.page)
    yield Route("read_app", "Read an integration application", "GET", f"{_APPS}/<app_id>", manage, apps.read)
    yield Route("delete_app", "Delete an integration application", "DELETE", f"{_APPS}/<app_id>", manage, apps.delete)


def _fdi_routes(dispatches: Dispatches, monitoring: Monitoring) -> Iterator[Route]:
    manage, path = Operation.MANAGE_TASKS, f"{_FDI_TASK}/dispatches"
    yield Route("create_dispatch", "Give a task its schedule", "POST", path, manage, dispatches.create)
    yield Route("read_dispatch", "Read the schedule of a task", "GET", path, Operation.READ, dispatches.read)
    path = f"{path}/<dispatch_id>"
    yield Route("replace_dispatch", "Change the schedule of a task", "PUT", path, manage, dispatches.replace)
    path = f"{_FDI}/batch-operation/tasks"
    yield Route("act_on_dispatches", "Start or stop schedules", "POST", path, manage, dispatches.act)
    yield Route("run_fdi_task", "Run a task once", "POST", f"{_FDI_TASK}/run", Operation.EXECUTE, dispatches.run)
    path = f"{_FDI_TASK}/terminate"
    yield Route("stop_fdi_task", "Stop what runs of a task", "POST", path, Operation.TERMINATE, dispatches.terminate)
    path = f"{_FDI_TASK}/monitor-logs"
    yield Route("list_monitor_logs", "List the runs of a task", "GET", path, Operation.LIST, monitoring.logs)
    path = f"{_FDI}/task-monitors"
    yield Route("list_monitors", "List tasks with their newest run", "GET", path, Operation.READ, monitoring.tasks)


def _documented(route: Route, view: View) -> View:
    description: dict[str, Any] = {
        "summary": route.summary,
        "security": [{"romaSignature": []}, {"romaToken": []}],
        "responses": {status: {"description": text} for status, text in {"2XX": "Done", **_STATUSES}.items()},
    }
    if route.method in ("POST", "PUT"):
        content = {"application/json": {"schema": {"type": "object"}}}
        description["requestBody"] = {"content": content, "required": False}
    documented = Blueprint.doc(**description)(view)
    vars(view).update(_apidoc=documented._apidoc)
    return view
