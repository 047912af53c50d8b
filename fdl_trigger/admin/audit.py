"""The audit log: read page by page, verified as a whole."""

from typing import Any

from marshmallow import EXCLUDE, fields, validate

from ..domain.audit import AuditRecord
from ..domain.operations import Operation
from .routing import AdminBlueprint, JsonSchema
from .services import caller, runtime

blueprint = AdminBlueprint("audit", "The audit log")


class AuditQuerySchema(JsonSchema):
    """Which entries: numbered below `before`, of one actor or of one request."""

    class Meta:
        unknown = EXCLUDE

    limit = fields.Int(load_default=100, validate=validate.Range(1, 1000))
    before = fields.Int(load_default=None, validate=validate.Range(1, 2**62))
    actor = fields.Str(load_default=None, validate=validate.Length(1, 512))
    request_id = fields.Str(load_default=None, validate=validate.Length(1, 64))


class AuditEntrySchema(JsonSchema):
    """One act: who, what, to what, from where, when (UTC epoch milliseconds), and its link of the chain."""

    id = fields.Int()
    at = fields.Int()
    actor = fields.Str()
    action = fields.Str()
    target = fields.Str()
    outcome = fields.Str()
    reason = fields.Str()
    address = fields.Str()
    request_id = fields.Str()
    details = fields.Dict()
    hash = fields.Str()


class AuditPageSchema(JsonSchema):
    """Entries, newest first; `next` is the `before` of the following page, null on the last one."""

    items = fields.List(fields.Nested(AuditEntrySchema))
    next = fields.Int(allow_none=True)


class VerificationSchema(JsonSchema):
    """How many entries are sound, the number of the first broken one (null: none), the head of the chain."""

    rows = fields.Int()
    broken = fields.Int(allow_none=True)
    head = fields.Str()


@blueprint.operation("GET", "", Operation.READ_AUDIT, query=AuditQuerySchema, answer=AuditPageSchema)
def entries(query: dict[str, Any]) -> dict[str, Any]:
    """List the entries of the audit log"""
    if query["request_id"] is not None:
        return {
            "items": [_told(record) for record in runtime().audit.of_request(query["request_id"], caller())],
            "next": None,
        }
    limit = query["limit"]
    records = runtime().audit.list(limit=limit, before=query["before"], actor=query["actor"], principal=caller())
    return {"items": [_told(one) for one in records], "next": records[-1].id if len(records) == limit else None}


@blueprint.operation("GET", "/verification", Operation.READ_AUDIT, answer=VerificationSchema)
def verification() -> Any:
    """Walk the whole chain of the audit log"""
    return runtime().audit.verify(caller())


def _told(record: AuditRecord) -> dict[str, Any]:
    entry = record.entry
    return {
        "id": record.id,
        "at": record.at,
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "outcome": entry.outcome,
        "reason": entry.reason,
        "address": entry.address,
        "request_id": entry.request_id,
        "details": dict(entry.details),
        "hash": record.hash,
    }
