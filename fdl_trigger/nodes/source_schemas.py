"""How `source` is written in a definition, and its checks; loads into the values of source_settings."""

import json
import re
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from .integration_application import APP_KINDS
from .schema_fields import JsonPathText, NameValues, Pairs, Text
from .source_settings import (
    PARAMETER_OF_MODE,
    ApiSettings,
    Authorization,
    Body,
    End,
    EndCondition,
    Frequency,
    Pagination,
)

MAX_REQUESTS = 10_000
TIMEOUT_HEADER = "FDLTimeout"
OPERATORS = ("=", "!=", ">", ">=", "<", "<=", "CONTAINS", "IS_EMPTY", "IS_NOT_EMPTY")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def headers_are_valid(headers: Pairs) -> None:
    """Refuse header names HTTP does not know, line breaks, and an FDLTimeout that is no positive number of seconds."""
    for name, value in headers:
        if not _HEADER_NAME.fullmatch(name):
            raise ValidationError(f"'{name}' is not a header name")
        if "\r" in value or "\n" in value:
            raise ValidationError(f"the value of {name} has a line break")
        if name == TIMEOUT_HEADER and "${" not in value and not re.fullmatch(r"\s*0*[1-9]\d*\s*", value):
            raise ValidationError(f"{TIMEOUT_HEADER} is a positive whole number of seconds, not '{value}'")


class AuthorizationSchema(Schema):
    """`authorization`: the type and what it needs; for the APP_ types that is the `application` of the connection."""

    type = fields.Str(load_default="NONE", validate=validate.OneOf(("NONE", "BEARER", "BASIC", "RAW", *APP_KINDS)))
    token = fields.Str(load_default="")
    user = fields.Str(load_default="")
    password = fields.Str(load_default="")
    value = fields.Str(load_default="")

    @validates_schema
    def _is_complete(self, data: dict[str, Any], **_: object) -> None:
        needed = {"BEARER": "token", "BASIC": "user", "RAW": "value"}.get(data["type"])
        if needed and not data[needed]:
            raise ValidationError(f"{data['type']} needs it", needed)

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> Authorization:
        return Authorization(**data)


class BodySchema(Schema):
    """`body`: raw content or form fields. JSON content may be written as a table."""

    type = fields.Str(
        load_default="NONE",
        validate=validate.OneOf(("NONE", "JSON", "XML", "TEXT", "FORM_DATA", "FORM_URLENCODED")),
    )
    content = fields.Raw(load_default="")
    fields_ = NameValues(load_default=(), data_key="fields")

    @validates_schema
    def _content_is_text(self, data: dict[str, Any], **_: object) -> None:
        if data["type"] != "JSON" and not isinstance(data["content"], str):
            raise ValidationError("must be text", "content")

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> Body:
        content = data["content"]
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, default=str)
        return Body(data["type"], text, data["fields_"])


class FrequencySchema(Schema):
    """`frequency`: a sliding window over the calls of one node in one instance."""

    maxCalls = fields.Int(required=True, strict=True, validate=validate.Range(1, 100_000))
    periodSeconds = fields.Float(required=True, validate=validate.Range(0, 86_400, min_inclusive=False))

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> Frequency:
        return Frequency(data["maxCalls"], data["periodSeconds"])


class EndConditionSchema(Schema):
    """One of `pagination.end.conditions`."""

    type = fields.Str(required=True, validate=validate.OneOf(("STATUS", "JSONPATH", "REQUEST_TIMES", "PARAMETER")))
    path = JsonPathText(load_default="")
    name = fields.Str(load_default=None, allow_none=True)
    operator = fields.Str(required=True, validate=validate.OneOf(OPERATORS))
    value = Text(load_default="", allow_none=True)

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> EndCondition:
        return EndCondition(**{**data, "value": data["value"] or ""})


class EndSchema(Schema):
    """`pagination.end`: conditions joined by ALL or ANY."""

    match = fields.Str(load_default="ALL", validate=validate.OneOf(("ALL", "ANY")))
    conditions = fields.List(fields.Nested(EndConditionSchema), required=True, validate=validate.Length(1, 20))

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> End:
        return End(data["match"], tuple(data["conditions"]))


class PaginationSchema(Schema):
    """`pagination`: page number, offset or cursor (section 5.1)."""

    mode = fields.Str(required=True, validate=validate.OneOf(tuple(PARAMETER_OF_MODE)))
    initial = Text(load_default=None)
    step = fields.Int(load_default=None, strict=True, validate=validate.Range(1, 1_000_000))
    cursorPath = JsonPathText(load_default="")
    limit = fields.Int(load_default=128, strict=True, validate=validate.Range(1, MAX_REQUESTS))
    endOnEmptyPage = fields.Bool(load_default=False)
    end = fields.Nested(EndSchema, load_default=End())

    @validates_schema
    def _is_complete(self, data: dict[str, Any], **_: object) -> None:
        if data["mode"] == "CURSOR":
            if not data["cursorPath"]:
                raise ValidationError("a CURSOR needs the path of the next one", "cursorPath")
            return
        if not data["end"].conditions and not data["endOnEmptyPage"]:
            raise ValidationError("say when the pages end, or set endOnEmptyPage", "end")
        initial = data["initial"]
        if initial is not None and "${" not in initial and not re.fullmatch(r"\d{1,15}", initial.strip()):
            raise ValidationError("must be a whole number", "initial")
        if data["mode"] == "PAGE_NUMBER" and data["step"] not in (None, 1):
            raise ValidationError("a page number always advances by 1", "step")

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> Pagination:
        mode = data["mode"]
        initial = data["initial"] if data["initial"] is not None else {"CURSOR": ""}.get(mode, "1")
        step = data["step"] or {"OFFSET": 20}.get(mode, 1)
        return Pagination(mode, initial, step, data["cursorPath"], data["limit"], data["endOnEmptyPage"], data["end"])


class ApiSourceSchema(Schema):
    """`source`: the request, and how its answer becomes rows."""

    type = fields.Str(load_default="API", validate=validate.Equal("API"))
    connection = fields.Str(load_default=None, allow_none=True)
    method = fields.Str(load_default="GET", validate=validate.OneOf(("GET", "POST")))
    url = fields.Str(
        required=True, validate=validate.Regexp(r"^\s*(?i:https?://|\$\{)", error="must be an http or https address")
    )
    params = NameValues(load_default=())
    headers = NameValues(load_default=(), validate=headers_are_valid)
    authorization = fields.Nested(AuthorizationSchema, load_default=Authorization())
    body = fields.Nested(BodySchema, load_default=Body())
    jsonPath = JsonPathText(load_default="")
    expand = fields.Bool(load_default=True)
    encoding = fields.Str(load_default=None, allow_none=True, validate=validate.OneOf(("UTF-8", "UTF-16", "GBK")))
    verifyTls = fields.Bool(load_default=True)
    frequency = fields.Nested(FrequencySchema, load_default=None, allow_none=True)
    failOnEmpty = fields.Bool(load_default=False)
    pagination = fields.Nested(PaginationSchema, load_default=None, allow_none=True)

    @validates_schema
    def _body_fits_method(self, data: dict[str, Any], **_: object) -> None:
        if data["method"] == "GET" and data["body"].type != "NONE":
            raise ValidationError("only a POST has a body", "body")

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> ApiSettings:
        renamed = {
            "json_path": data.pop("jsonPath"),
            "verify_tls": data.pop("verifyTls"),
            "fail_on_empty": data.pop("failOnEmpty"),
        }
        del data["type"]
        return ApiSettings(**{**data, **renamed, "url": data["url"].strip()})
