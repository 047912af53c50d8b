"""The fields of a task and their rules (roma-scheduled-calls.md section 2)."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from xml.parsers import expat

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from ...domain.definition import flatten
from ...domain.errors import InvalidParameter
from ...nodes.integration_application import APP_KINDS, CREDENTIAL_HEADERS
from ...nodes.schema_fields import NameValues, Pairs
from ...nodes.source_schemas import TIMEOUT_HEADER, headers_are_valid

EARLIEST_MS, LATEST_MS = 946_684_800_000, 2_147_512_447_000
CONTENT_TYPES = {"application/json": "JSON", "application/xml": "XML", "application/text": "TEXT"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
WITH_BODY = ("POST", "PUT", "PATCH")
PERIODS = ("MIN", "HOUR", "DAY", "WEEK", "MON")
STATES = ("INITIALIZED", "STARTED", "STOPPED")
RUN_STATES = ("UNSTARTED", "WAITING", "RUNNING", "SUCCESS", "CANCELLED", "ERROR", "SKIPPED", "MISSED")
_OURS = CREDENTIAL_HEADERS | {"content-type", "content-length", "transfer-encoding", "connection"}
_NAME = r"^[A-Za-z一-鿿][A-Za-z0-9一-鿿_.-]{2,63}\Z"


def moment(value: Any) -> int:
    """Return RFC 3339 or whole milliseconds as epoch milliseconds; raises ValidationError."""
    at_ms = value
    if isinstance(value, str):
        try:
            at_ms = round(datetime.fromisoformat(value.strip()).timestamp() * 1000)
            if datetime.fromisoformat(value.strip()).tzinfo is None:
                raise ValueError
        except (ValueError, OverflowError):
            raise ValidationError("takes a time with its offset, such as 2026-12-01T08:00:00+08:00") from None
    if isinstance(at_ms, bool) or not isinstance(at_ms, int) or not EARLIEST_MS <= at_ms <= LATEST_MS:
        raise ValidationError(f"takes {EARLIEST_MS} to {LATEST_MS} milliseconds")
    return at_ms


class Moment(fields.Field[int]):
    """A moment; an empty text counts as not given."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int | None:  # type: ignore[override]  # empty is none
        return None if value == "" else moment(value)


def _headers(rows: Pairs) -> None:
    headers_are_valid(rows)
    for name, value in rows:
        if name.lower() in _OURS or name == TIMEOUT_HEADER:
            raise ValidationError(f"{name} is set by the service")
        if any(ord(one) < 32 or ord(one) == 127 for one in value):
            raise ValidationError(f"the value of {name} has a control character")


class ApiSchema(Schema):
    """`api`: what is called, and how the application is proved."""

    method = fields.Str(required=True, validate=validate.OneOf(METHODS))
    url = fields.Str(
        required=True,
        validate=[
            validate.Length(1, 2048),
            validate.Regexp(r"^(?i:https?)://[^\s/@]+(/.*)?\Z", error="must be an http or https address"),
        ],
    )
    auth = fields.Str(load_default="APP_SECRET", validate=validate.OneOf(("NONE", *APP_KINDS)))


class TriggerSchema(Schema):
    """When a task fires: by cron expression or by intervals."""

    effective_time = Moment(load_default=None, allow_none=True)
    trigger_type = fields.Str(required=True, validate=validate.OneOf(("CRON", "CALENDAR")))
    cron = fields.Str(load_default=None, allow_none=True, validate=validate.Length(8, 255))
    interval = fields.Int(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 59))
    period = fields.Str(load_default=None, allow_none=True, validate=validate.OneOf(PERIODS))

    @validates_schema
    def _is_complete(self, data: dict[str, Any], **_: object) -> None:
        needed = ("cron",) if data["trigger_type"] == "CRON" else ("interval", "period")
        other = {"cron", "interval", "period"} - set(needed)
        problems = {name: [f"{data['trigger_type']} needs it"] for name in needed if not data[name]}
        problems |= {name: [f"does not belong to {data['trigger_type']}"] for name in other if data[name]}
        if problems:
            raise ValidationError(problems)


class TaskSchema(TriggerSchema):
    """A task as it is created or replaced."""

    name = fields.Str(required=True, validate=validate.Regexp(_NAME, error="takes 3 to 64 letters, digits, _ - ."))
    app_id = fields.Str(required=True, validate=validate.Length(1, 64))
    remark = fields.Str(load_default="", allow_none=True, validate=validate.Length(max=255))
    max_retries = fields.Int(load_default=0, strict=True, validate=validate.Range(0, 3))
    timeout = fields.Int(load_default=60, strict=True, validate=validate.Range(1, 600))
    api = fields.Nested(ApiSchema, required=True)
    req_headers = NameValues(load_default=(), validate=_headers)
    req_params = NameValues(load_default=())
    req_body = fields.Str(load_default=None, allow_none=True)
    content_type = fields.Str(load_default=None, allow_none=True, validate=validate.OneOf(tuple(CONTENT_TYPES)))

    @validates_schema
    def _body_fits(self, data: dict[str, Any], **_: object) -> None:
        body, content_type = data["req_body"], data["content_type"]
        if not body:
            return
        if data["api"]["method"] not in WITH_BODY:
            raise ValidationError(f"a {data['api']['method']} has no body", "req_body")
        if content_type is None:
            raise ValidationError("a body needs it", "content_type")
        problem = body_problem(body, content_type)
        if problem:
            raise ValidationError(problem, "req_body")


def body_problem(body: str, content_type: str) -> str | None:
    """Return what is wrong with a body of this type, or None."""
    try:
        if content_type == "application/json":
            json.loads(body)
        if content_type == "application/xml":
            _parse_xml(body)
    except (ValueError, RecursionError) as error:
        return f"is not valid JSON: {error}"
    except expat.ExpatError as error:
        return f"is not well-formed XML: {error}"
    return None


def _parse_xml(text: str) -> None:
    parser = expat.ParserCreate()
    parser.EntityDeclHandler = _no_entities
    parser.Parse(text.encode(), True)


def _no_entities(*_: object) -> None:
    raise expat.ExpatError("entity declarations are not accepted")


class PageSchema(Schema):
    """`offset` and `limit` of a list."""

    offset = fields.Int(load_default=0, validate=validate.Range(0, 1_000_000))
    limit = fields.Int(load_default=20, validate=validate.Range(1, 500))


class TaskListSchema(PageSchema):
    """What tasks to list."""

    name = fields.Str(load_default="")
    state = fields.Str(load_default="", validate=validate.OneOf(("", *STATES)))


class RunListSchema(PageSchema):
    """What run records to list."""

    status = fields.Str(load_default="", validate=validate.OneOf(("", *RUN_STATES)))


class ActionSchema(Schema):
    """Start or stop."""

    action = fields.Str(required=True, validate=validate.OneOf(("start", "stop")))


class AppSchema(Schema):
    """An integration application; its secrets are only ever written."""

    name = fields.Str(required=True, validate=validate.Length(1, 64))
    app_key = fields.Str(required=True)
    app_secret = fields.Str(required=True)
    app_code = fields.Str(load_default="", allow_none=True)


def load(schema: type[Schema], values: Mapping[str, Any]) -> dict[str, Any]:
    """Load values by a schema; raises InvalidParameter that names every wrong field and its reason."""
    try:
        return dict(schema().load(values))
    except ValidationError as error:
        problems = flatten(error.messages)
        text = "; ".join(f"{name}: {reason}" for name, reason in problems)
        raise InvalidParameter(text, problems=problems) from None
