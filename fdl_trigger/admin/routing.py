"""The blueprint every part of the admin API is made of."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask_smorest import Blueprint
from marshmallow import EXCLUDE, Schema, fields, validate

from ..auth.permissions import Permission, Public, permits
from .guard import guard
from .problems import CONTENT_TYPE, ProblemSchema

SECURITY_SCHEME = "adminToken"
View = TypeVar("View", bound=Callable[..., Any])
_PROBLEM = {
    "description": "What went wrong",
    "content": {CONTENT_TYPE: {"schema": ProblemSchema}},
}


class AdminBlueprint(Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """Guards its views and documents the token and the problems they all have in common."""

    PAGINATION_HEADER_NAME = None

    def __init__(self, name: str, description: str) -> None:
        super().__init__(f"admin-{name}", __name__, url_prefix=f"/{name}", description=description)
        self.before_request(guard)

    def operation(
        self,
        method: str,
        rule: str,
        permission: Permission,
        *,
        query: type[Schema] | None = None,
        body: type[Schema] | None = None,
        answer: type[Schema] | None = None,
        status: int = 200,
    ) -> Callable[[View], View]:
        """Return a decorator that adds a view; it takes what `query` and `body` load, then the names in the path.

        The view's docstring is the summary in the documentation, `answer` dumps what it returns.
        """

        def decorate(view: View) -> View:
            wrapped = self.response(status, answer)(view)
            for schema, location in ((body, "json"), (query, "query")):
                if schema is not None:
                    wrapped = self.arguments(schema, location=location)(wrapped)
            security: list[dict[str, list[str]]] = [] if isinstance(permission, Public) else [{SECURITY_SCHEME: []}]
            wrapped = self.doc(security=security, responses={"422": _PROBLEM, "default": _PROBLEM})(wrapped)
            self.route(rule, methods=[method])(permits(permission)(wrapped))
            return view

        return decorate


def camel_case(name: str) -> str:
    """Return a Python name as JSON writes it: `created_at` as `createdAt`."""
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


class JsonSchema(Schema):
    """Fields are written in camel case."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Name the field as JSON does."""
        field_obj.data_key = field_obj.data_key or camel_case(field_name)


class PageSchema(JsonSchema):
    """Which part of a list to answer with."""

    class Meta:
        unknown = EXCLUDE

    limit = fields.Int(load_default=100, validate=validate.Range(1, 1000))
    offset = fields.Int(load_default=0, validate=validate.Range(0, 1_000_000))


def page(items: list[Any], limit: int, offset: int) -> dict[str, Any]:
    """Return one part of a list, with the length of the whole."""
    return {"items": items[offset : offset + limit], "total": len(items)}
