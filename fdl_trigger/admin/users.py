"""Users: who may log in, and what they may."""

from marshmallow import fields, validate

from ..domain.operations import Operation
from ..domain.users import Role, User
from .routing import AdminBlueprint, JsonSchema, PageSchema, page
from .services import Json, caller, runtime

blueprint = AdminBlueprint("users", "Users: who may log in, and what they may; named by name or by uid")


class UserSchema(JsonSchema):
    """A user; `folders` limits the tasks they reach, with subfolders, none means all."""

    uid = fields.Str()
    name = fields.Str()
    display_name = fields.Str()
    role = fields.Enum(Role, by_value=True)
    folders = fields.List(fields.Str())
    enabled = fields.Bool()
    created_at = fields.Int()


class NewUserSchema(JsonSchema):
    """What it takes to create a user."""

    name = fields.Str(required=True, validate=validate.Length(1, 128))
    password = fields.Str(required=True, load_only=True, validate=validate.Length(1, 1024))
    role = fields.Enum(Role, by_value=True, load_default=Role.VIEWER)
    folders = fields.List(fields.Str(validate=validate.Length(1, 512)), load_default=list)
    display_name = fields.Str(load_default="", validate=validate.Length(max=128))


class UserChangeSchema(JsonSchema):
    """What of a user can be changed; what is left out stays."""

    role = fields.Enum(Role, by_value=True)
    folders = fields.List(fields.Str(validate=validate.Length(1, 512)))
    enabled = fields.Bool()


class PasswordSchema(JsonSchema):
    """A new password."""

    password = fields.Str(required=True, load_only=True, validate=validate.Length(1, 1024))


class UserPageSchema(JsonSchema):
    """Users by name."""

    items = fields.List(fields.Nested(UserSchema))
    total = fields.Int()


@blueprint.operation("GET", "", Operation.MANAGE_ACCESS, query=PageSchema, answer=UserPageSchema)
def users(query: Json) -> Json:
    """List the users"""
    return page(runtime().users.list(caller()), **query)


@blueprint.operation("POST", "", Operation.MANAGE_ACCESS, body=NewUserSchema, answer=UserSchema, status=201)
def create_user(values: Json) -> User:
    """Create a user"""
    return runtime().users.create(values.pop("name"), values.pop("password"), **values, principal=caller())


@blueprint.operation("GET", "/<name>", Operation.MANAGE_ACCESS, answer=UserSchema)
def user(name: str) -> User:
    """Read a user"""
    return _find(name)


@blueprint.operation("PATCH", "/<name>", Operation.MANAGE_ACCESS, body=UserChangeSchema, answer=UserSchema)
def change_user(values: Json, name: str) -> User:
    """Give a user another role or other folders, let them in or keep them out; what is left out stays"""
    users = runtime().users
    found = _find(name)
    if "role" in values or "folders" in values:
        found = users.set_role(found.name, values.get("role", found.role), values.get("folders"), caller())
    if "enabled" in values:
        found = users.enable(found.name, values["enabled"], caller())
    return found


@blueprint.operation("PUT", "/<name>/password", Operation.MANAGE_ACCESS, body=PasswordSchema, status=204)
def set_password(values: Json, name: str) -> None:
    """Replace a password and end every login of the user"""
    runtime().users.set_password(_find(name).name, values["password"], caller())


@blueprint.operation("DELETE", "/<name>", Operation.MANAGE_ACCESS, status=204)
def delete_user(name: str) -> None:
    """Delete a user and end every login of theirs"""
    runtime().users.delete(_find(name).name, caller())


def _find(name: str) -> User:
    """Return a user by uid or by name; a name with a slash fits no path."""
    by_uid = (one.name for one in runtime().users.list(caller()) if one.uid == name)
    return runtime().users.get(next(by_uid, name), caller())
