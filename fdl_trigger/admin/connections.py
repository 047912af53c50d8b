"""Connections: names and kinds; what they hold is masked."""

from marshmallow import fields, validate

from ..domain.errors import ObjectNotFound
from ..domain.operations import Operation
from ..domain.records import Connection
from .redaction import mask_settings, unmask
from .routing import AdminBlueprint, JsonSchema, PageSchema, page
from .services import Json, caller, runtime

blueprint = AdminBlueprint("connections", "Connections: databases and APIs that tasks read and write")


class ConnectionSchema(JsonSchema):
    """A connection; secrets in its settings are shown as ******."""

    name = fields.Str()
    kind = fields.Str()
    settings = fields.Dict(keys=fields.Str())


class NewConnectionSchema(JsonSchema):
    """What a connection is; ****** as a setting keeps the secret it has."""

    kind = fields.Str(required=True, validate=validate.Length(1, 64))
    settings = fields.Dict(keys=fields.Str(), required=True)


class ConnectionPageSchema(JsonSchema):
    """Connections by name."""

    items = fields.List(fields.Nested(ConnectionSchema))
    total = fields.Int()


@blueprint.operation("GET", "", Operation.MANAGE_TASKS, query=PageSchema, answer=ConnectionPageSchema)
def connections(query: Json) -> Json:
    """List the connections"""
    return page([_told(one) for one in runtime().connections.list()], **query)


@blueprint.operation("GET", "/<name>", Operation.MANAGE_TASKS, answer=ConnectionSchema)
def connection(name: str) -> Json:
    """Read a connection"""
    return _told(_find(name))


@blueprint.operation("PUT", "/<name>", Operation.MANAGE_TASKS, body=NewConnectionSchema, answer=ConnectionSchema)
def save_connection(values: Json, name: str) -> Json:
    """Create or replace a connection"""
    known = _known(name)
    kept = known.settings if known is not None and known.kind == values["kind"] else {}
    settings = unmask(values["settings"], mask_settings(kept), kept)
    runtime().connections.save(Connection(name, values["kind"], settings), caller())
    return _told(_find(name))


@blueprint.operation("DELETE", "/<name>", Operation.MANAGE_TASKS, status=204)
def delete_connection(name: str) -> None:
    """Delete a connection"""
    _find(name)
    runtime().connections.delete(name, caller())


def _known(name: str) -> Connection | None:
    return next((one for one in runtime().connections.list() if one.name == name), None)


def _find(name: str) -> Connection:
    found = _known(name)
    if found is None:
        raise ObjectNotFound(f"There is no connection '{name[:64]}'.")
    return found


def _told(connection: Connection) -> Json:
    return {"name": connection.name, "kind": connection.kind, "settings": mask_settings(connection.settings)}
