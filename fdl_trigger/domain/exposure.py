"""By what names a dialect knows a task: the key `expose` of a task document, one schema a dialect."""

from dataclasses import dataclass

from marshmallow import Schema, fields, validate

_IS_NAME = validate.Regexp(r"^[\w.:@-]{1,128}\Z")
_IS_PERSON = validate.Regexp(r"^[^;,\x00-\x1f\x7f]{1,128}\Z")


class SchedulerXExposureSchema(Schema):
    """The application group a task belongs to, and the namespace of the group (its UID)."""

    group = fields.Str(required=True, validate=_IS_NAME)
    namespace = fields.Str(required=True, validate=_IS_NAME)


class EnosExposureSchema(Schema):
    """Who owns a flow and who may see it, and its organization; the others are told back as they are."""

    owners = fields.List(fields.Str(validate=_IS_PERSON), required=True, validate=validate.Length(1, 100))
    orgId = fields.Str(required=True, validate=_IS_NAME)
    visitors = fields.List(fields.Str(validate=_IS_PERSON), validate=validate.Length(max=100))
    freq = fields.Str(validate=validate.Length(max=128))
    cycle = fields.Str(validate=validate.Length(max=8))
    alertMode = fields.Int(strict=True, validate=validate.Range(0, 3))
    doAs = fields.Str(validate=validate.Length(max=128))
    type = fields.Int(strict=True, validate=validate.Range(0, 9))
    syncType = fields.Int(strict=True, validate=validate.Range(0, 9))
    startTime = fields.Str(validate=validate.Length(max=32))


class ExposeSchema(Schema):
    """The dialects that know a task besides FineDataLink's, which knows every task."""

    schedulerx = fields.Nested(SchedulerXExposureSchema)
    enos = fields.Nested(EnosExposureSchema)


@dataclass(frozen=True, slots=True)
class Namespace:
    """A name space of application groups, by its UID."""

    uid: str
    name: str
    description: str = ""
