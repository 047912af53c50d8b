"""Tokens: log in with name and password, see who is logged in, end a login."""

from flask import request
from marshmallow import fields, validate

from ..auth.permissions import Public
from ..domain.operations import Operation
from ..logs import request_id
from .routing import AdminBlueprint, JsonSchema, PageSchema, page
from .services import Json, caller, runtime, services

blueprint = AdminBlueprint("tokens", "Tokens: logins of users")


class LoginSchema(JsonSchema):
    """Who logs in."""

    name = fields.Str(required=True, validate=validate.Length(1, 128))
    password = fields.Str(required=True, load_only=True, validate=validate.Length(1, 1024))


class TokenSchema(JsonSchema):
    """A login in force. Times are UTC epoch milliseconds."""

    id = fields.Str(attribute="jti")
    user_name = fields.Str()
    issued_at = fields.Int()
    expires_at = fields.Int()


class CreatedTokenSchema(TokenSchema):
    """A new login with its token, shown this once."""

    token = fields.Str()


class TokenPageSchema(JsonSchema):
    """Logins in force, newest first."""

    items = fields.List(fields.Nested(TokenSchema))
    total = fields.Int()


@blueprint.operation(
    "POST", "", Public("this is how one logs in"), body=LoginSchema, answer=CreatedTokenSchema, status=201
)
def log_in(values: Json) -> Json:
    """Log in; the answer shows the token this once"""
    login = services().logins.log_in(values["name"], values["password"], request.remote_addr or "", request_id.get())
    session = login.session
    return {
        "jti": session.jti,
        "user_name": session.user_name,
        "issued_at": session.issued_at,
        "expires_at": session.expires_at,
        "token": login.token,
    }


@blueprint.operation("GET", "", Operation.MANAGE_ACCESS, query=PageSchema, answer=TokenPageSchema)
def tokens(query: Json) -> Json:
    """List the logins in force"""
    return page(runtime().sessions.list(caller()), **query)


@blueprint.operation("DELETE", "/<token_id>", Operation.MANAGE_ACCESS, status=204)
def revoke_token(token_id: str) -> None:
    """End a login"""
    runtime().sessions.revoke(token_id, caller())
