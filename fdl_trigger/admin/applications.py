"""Applications: who may call from outside, and what."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..domain.applications import Application
from ..domain.errors import ObjectNotFound
from ..domain.operations import Operation
from ..domain.records import Grant, Task
from .application_schemas import (
    ApplicationChangeSchema,
    ApplicationPageSchema,
    ApplicationSchema,
    CreatedApplicationSchema,
    GrantsSchema,
    NewApplicationSchema,
)
from .routing import AdminBlueprint, PageSchema, page
from .services import Json, caller, runtime

_SHOWN = tuple(name for name in ApplicationSchema().fields if name != "grants")

blueprint = AdminBlueprint("applications", "Applications: who may call from outside, and what")


@blueprint.operation("GET", "", Operation.MANAGE_ACCESS, query=PageSchema, answer=ApplicationPageSchema)
def applications(query: Json) -> Json:
    """List the applications"""
    return page([_told(one) for one in runtime().access.list()], **query)


@blueprint.operation(
    "POST", "", Operation.MANAGE_ACCESS, body=NewApplicationSchema, answer=CreatedApplicationSchema, status=201
)
def create_application(values: Json) -> Json:
    """Create an application; the answer shows its secret this once"""
    grants = _grants(values.pop("grants"))
    application = runtime().access.create(**values, grants=grants, principal=caller())
    return {**_told(application), "secret": application.secret}


@blueprint.operation("GET", "/<client_id>", Operation.MANAGE_ACCESS, answer=ApplicationSchema)
def application(client_id: str) -> Json:
    """Read an application"""
    return _told(find(client_id))


@blueprint.operation(
    "PATCH", "/<client_id>", Operation.MANAGE_ACCESS, body=ApplicationChangeSchema, answer=ApplicationSchema
)
def change_application(values: Json, client_id: str) -> Json:
    """Let an application in or keep it out"""
    find(client_id)
    return _told(runtime().access.enable(client_id, values["enabled"], caller()))


@blueprint.operation("DELETE", "/<client_id>", Operation.MANAGE_ACCESS, status=204)
def delete_application(client_id: str) -> None:
    """Delete an application with its grants and keys"""
    find(client_id)
    runtime().access.delete(client_id, caller())


@blueprint.operation(
    "POST", "/<client_id>/grants", Operation.MANAGE_ACCESS, body=GrantsSchema, answer=ApplicationSchema
)
def add_grants(values: Json, client_id: str) -> Json:
    """Give grants to an application"""
    find(client_id)
    return _told(runtime().access.grant(client_id, _grants(values["grants"]), caller()))


@blueprint.operation(
    "POST", "/<client_id>/grants/revocation", Operation.MANAGE_ACCESS, body=GrantsSchema, answer=ApplicationSchema
)
def revoke_grants(values: Json, client_id: str) -> Json:
    """Take grants away as they were given: without workId those on every task"""
    find(client_id)
    return _told(runtime().access.revoke(client_id, _grants(values["grants"]), caller()))


def find(client_id: str) -> Application:
    """Return an application; raises ObjectNotFound."""
    found = runtime().access.get(client_id)
    if found is None:
        raise ObjectNotFound(f"There is no application '{client_id[:64]}'.")
    return found


def _grants(given: Iterable[Json]) -> list[Grant]:
    return [Grant(Operation(one["operation"]), _task_id(one["work_id"])) for one in given]


def _task_id(work_id: Any) -> int | None:
    return None if work_id is None else runtime().tasks.get(uid=str(work_id)).id


def _told(application: Application) -> Json:
    told = {name: getattr(application, name) for name in _SHOWN}
    tasks: dict[int | None, Task] = {task.id: task for task in runtime().tasks.list()}
    return {**told, "grants": [_grant(one, tasks) for one in application.grants]}


def _grant(grant: Grant, tasks: Mapping[int | None, Task]) -> Json:
    task = tasks.get(grant.task_id)
    return {
        "operation": str(grant.operation),
        "work_id": None if task is None else task.uid,
        "work_name": None if task is None else task.name,
    }
