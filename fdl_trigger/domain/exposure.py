"""By what names a dialect knows a task: the key `expose` of a task document, one schema a dialect."""

from dataclasses import dataclass

from marshmallow import Schema, fields, validate

_IS_NAME = validate.Regexp(r"^[\w.:@-]{1,128}\Z")


class SchedulerXExposureSchema(Schema):
    """The application group a task belongs to, and the namespace of the group (its UID)."""

    group = fields.Str(required=True, validate=_IS_NAME)
    namespace = fields.Str(required=True, validate=_IS_NAME)


class ExposeSchema(Schema):
    """The dialects that know a task besides FineDataLink's, which knows every task."""

    schedulerx = fields.Nested(SchedulerXExposureSchema)


@dataclass(frozen=True, slots=True)
class Namespace:
    """A name space of application groups, by its UID."""

    uid: str
    name: str
    description: str = ""
