"""Global parameters: values every task may refer to."""

from marshmallow import fields

from ..domain.operations import Operation
from ..domain.parameters import Parameter, ParameterType
from .routing import AdminBlueprint, JsonSchema, PageSchema, page
from .services import Json, caller, runtime

blueprint = AdminBlueprint("parameters", "Global parameters")


class ParameterSchema(JsonSchema):
    """A global parameter; the value of a secret one is shown as ******."""

    name = fields.Str(required=True)
    type = fields.Enum(ParameterType, load_default=ParameterType.STRING)
    value = fields.Raw(required=True)


class ParameterPageSchema(JsonSchema):
    """Global parameters by name."""

    items = fields.List(fields.Nested(ParameterSchema))
    total = fields.Int()


@blueprint.operation("GET", "", Operation.READ, query=PageSchema, answer=ParameterPageSchema)
def parameters(query: Json) -> Json:
    """List the global parameters"""
    return page(runtime().globals.list(caller()), **query)


@blueprint.operation("POST", "", Operation.MANAGE_TASKS, body=ParameterSchema, status=204)
def save_parameter(values: Json) -> None:
    """Set a global parameter"""
    runtime().globals.save(Parameter(**values), caller())


@blueprint.operation("DELETE", "/<name>", Operation.MANAGE_TASKS, status=204)
def delete_parameter(name: str) -> None:
    """Delete a global parameter"""
    runtime().globals.delete(name, caller())
