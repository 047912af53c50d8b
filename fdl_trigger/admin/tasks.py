"""Tasks: read, saved as a draft, published, enabled, deleted."""

from typing import Any

from marshmallow import fields

from ..domain.operations import Operation
from ..domain.records import Task
from .redaction import mask_document, unmask
from .routing import AdminBlueprint, JsonSchema, PageSchema, page
from .services import Json, caller, runtime

blueprint = AdminBlueprint("tasks", "Tasks: drafts, published versions")


class TaskSummarySchema(JsonSchema):
    """A task without its documents; `version` counts publications, null means never published."""

    work_id = fields.Str(attribute="uid")
    work_name = fields.Str(attribute="name")
    folder = fields.Str()
    description = fields.Str()
    enabled = fields.Bool()
    version = fields.Int(allow_none=True)
    created_at = fields.Int()
    updated_at = fields.Int()
    published_at = fields.Int(allow_none=True)


class TaskSchema(TaskSummarySchema):
    """A task with its documents; secrets are shown as ******."""

    draft = fields.Function(lambda task: mask_document(task.draft), metadata={"type": "object"})
    published = fields.Function(
        lambda task: None if task.published is None else mask_document(task.published),
        metadata={"type": ["object", "null"]},
    )


class TaskPageSchema(JsonSchema):
    """Tasks by folder and name."""

    items = fields.List(fields.Nested(TaskSummarySchema))
    total = fields.Int()


class DocumentSchema(JsonSchema):
    """A task's definition (docs/nodes.md); ****** keeps the secret the draft has at its place."""

    class Meta:
        unknown = "include"

    work_name = fields.Str(required=True)
    nodes = fields.List(fields.Dict(), required=True)


class EnabledSchema(JsonSchema):
    """Whether triggers are taken."""

    enabled = fields.Bool(required=True)


@blueprint.operation("GET", "", Operation.READ, query=PageSchema, answer=TaskPageSchema)
def tasks(query: Json) -> Json:
    """List the tasks the caller may read"""
    return page(runtime().tasks.list(caller()), **query)


@blueprint.operation("POST", "", Operation.MANAGE_TASKS, body=DocumentSchema, answer=TaskSchema)
def save_task(values: Json) -> Task:
    """Save a draft: of the task with the document's workId, else of the one with its workName, or a new one"""
    document = {"workName": values.pop("work_name"), **values}
    known = _known(document)
    kept = {} if known is None else known.draft
    return runtime().tasks.save(unmask(document, mask_document(kept), kept), caller())


@blueprint.operation("GET", "/<uuid:work_id>", Operation.READ, answer=TaskSchema)
def task(work_id: Any) -> Task:
    """Read a task"""
    return runtime().tasks.get(uid=str(work_id), principal=caller())


@blueprint.operation("PATCH", "/<uuid:work_id>", Operation.MANAGE_TASKS, body=EnabledSchema, answer=TaskSchema)
def enable_task(values: Json, work_id: Any) -> Task:
    """Take triggers of a task or refuse them"""
    return runtime().tasks.enable(uid=str(work_id), enabled=values["enabled"], principal=caller())


@blueprint.operation("POST", "/<uuid:work_id>/publication", Operation.MANAGE_TASKS, answer=TaskSchema)
def publish_task(work_id: Any) -> Task:
    """Make the draft the version that runs"""
    return runtime().tasks.publish(uid=str(work_id), principal=caller())


@blueprint.operation("DELETE", "/<uuid:work_id>", Operation.MANAGE_TASKS, status=204)
def delete_task(work_id: Any) -> None:
    """Take a task out of use and stop what runs of it; its records stay"""
    runtime().tasks.delete(uid=str(work_id), principal=caller())


def _known(document: Json) -> Task | None:
    for task in runtime().tasks.list(caller()):
        if document.get("workId") == task.uid or (not document.get("workId") and document["workName"] == task.name):
            return task
    return None
