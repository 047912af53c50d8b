"""HTTP_CALL: one request whose answer is judged, and may give values to parameters."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from ..domain.records import Counts
from .assignments import AnswerAssignmentSchema, Assignment, Result, assigned_values, no_doubles
from .context import FlowContext
from .end_conditions import has_ended
from .errors import NodeError
from .json_table import EMPTY
from .json_text import parse
from .page import Page
from .schema_fields import NameValues
from .source_schemas import AuthorizationSchema, BodySchema, EndConditionSchema, headers_are_valid
from .source_settings import ApiSettings, Authorization, Body, End

if TYPE_CHECKING:
    from .http_client import Request

_RANGES = re.compile(r"\s*\d{3}(?:\s*-\s*\d{3})?(?:\s*,\s*\d{3}(?:\s*-\s*\d{3})?)*\s*")


def _are_ranges(text: str) -> None:
    if not _RANGES.fullmatch(text):
        raise ValidationError("must be statuses or ranges such as 200-299,404")


class AnswerConditionSchema(EndConditionSchema):
    """One of `success.conditions`: a condition on the answer."""

    @validates_schema
    def _is_about_the_answer(self, data: dict[str, Any], **_: object) -> None:
        if data["type"] not in ("STATUS", "JSONPATH"):
            raise ValidationError("must be STATUS or JSONPATH", "type")


class SuccessSchema(Schema):
    """`success`: what the answer must be; the status and, if there are any, ALL or ANY of the conditions."""

    status = fields.Str(load_default="200-299", validate=_are_ranges)
    match = fields.Str(load_default="ALL", validate=validate.OneOf(("ALL", "ANY")))
    conditions = fields.List(fields.Nested(AnswerConditionSchema), load_default=list, validate=validate.Length(max=20))

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> "Success":
        return Success(data["status"], End(data["match"], tuple(data["conditions"])))


@dataclass(frozen=True, slots=True)
class Success:
    """When an answer counts as success."""

    status: str = "200-299"
    conditions: End = field(default_factory=End)

    def allows(self, status: int) -> bool:
        """Tell whether the status is one of the listed."""
        ends = [[int(end) for end in part.split("-")] for part in self.status.split(",")]
        return any(low_high[0] <= status <= low_high[-1] for low_high in ends)


class HttpCallSchema(Schema):
    """The configuration of an HTTP_CALL node."""

    connection = fields.Str(load_default=None, allow_none=True)
    method = fields.Str(load_default="GET", validate=validate.OneOf(("GET", "POST", "PUT", "PATCH", "DELETE")))
    url = fields.Str(
        required=True, validate=validate.Regexp(r"^\s*(?i:https?://|\$\{)", error="must be an http or https address")
    )
    params = NameValues(load_default=())
    headers = NameValues(load_default=(), validate=headers_are_valid)
    authorization = fields.Nested(AuthorizationSchema, load_default=Authorization())
    body = fields.Nested(BodySchema, load_default=Body())
    encoding = fields.Str(load_default=None, allow_none=True, validate=validate.OneOf(("UTF-8", "UTF-16", "GBK")))
    verifyTls = fields.Bool(load_default=True)
    followRedirects = fields.Bool(load_default=True)
    retries = fields.Int(load_default=0, strict=True, validate=validate.Range(0, 3))
    keepAttempts = fields.Bool(load_default=False)
    success = fields.Nested(SuccessSchema, load_default=Success())
    assign = fields.List(
        fields.Nested(AnswerAssignmentSchema), load_default=list, validate=[validate.Length(max=256), no_doubles]
    )

    @validates_schema
    def _body_fits_method(self, data: dict[str, Any], **_: object) -> None:
        if data["method"] == "GET" and data["body"].type != "NONE":
            raise ValidationError("a GET has no body", "body")

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        success, assign = data.pop("success"), tuple(data.pop("assign"))
        verify_tls = data.pop("verifyTls")
        follows = data.pop("followRedirects")
        retries, keeps_attempts = data.pop("retries"), data.pop("keepAttempts")
        call = ApiSettings(**{**data, "url": data["url"].strip()}, verify_tls=verify_tls)
        return {
            "call": call,
            "success": success,
            "assign": assign,
            "follows": follows,
            "retries": retries,
            "keeps_attempts": keeps_attempts,
        }


class HttpCall:
    """Sends one request."""

    schema: type[Schema] = HttpCallSchema
    is_container = False

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        """Return the connection of the call, if it names one."""
        call: ApiSettings = config["call"]
        return [call.connection] if call.connection else []

    def run(self, config: Mapping[str, Any], context: FlowContext) -> Counts:
        """Send, judge and assign; raises NodeError for an answer that is no success."""
        # urllib3 takes a while to import: only a node that runs pays for it.
        from .answers import log_body, log_request_body, text_of
        from .api_request import RequestBuilder
        from .call_attempts import CallAttempts
        from .http_client import HttpClient

        call: ApiSettings = config["call"]
        requests = RequestBuilder(call, context)

        def build() -> "Request":
            built = requests.build({})
            request = replace(built, follows=built.follows and config["follows"])
            log_request_body(context, request)
            return request

        with HttpClient(context, verify_tls=call.verify_tls, allow_loopback=requests.allows_loopback) as client:
            attempts = CallAttempts(context, client, config["retries"], keeps=config["keeps_attempts"])
            request, answer = attempts.send(build, config["success"].allows)
        text = text_of(answer, call.encoding)
        log_body(context, request, "response body", text)
        page = Page(1, answer.status, _document(text, config, request), EMPTY, answer.headers)
        _require(config["success"].conditions, page, context, request, text)
        values = assigned_values(config["assign"], Result((), page.status, page.headers, page.document))
        if values:
            context.assign(values)
        return Counts(pages=1)


def _document(text: str, config: Mapping[str, Any], request: "Request") -> Any:
    """Parse the answer when something looks into it."""
    from .answers import not_json

    assignments: tuple[Assignment, ...] = config["assign"]
    conditions: End = config["success"].conditions
    looked_into = any(assignment.origin == "BODY" for assignment in assignments)
    if not looked_into and not any(condition.type == "JSONPATH" for condition in conditions.conditions):
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise not_json(request, text, error) from None


def _require(conditions: End, page: Page, context: FlowContext, request: "Request", text: str) -> None:
    if conditions.conditions and not has_ended(conditions, page, {}, context):
        where = request.masker.url(request.url)
        start = request.masker.start(text, 500)
        raise NodeError(f"{request.method} {where}: the answer does not meet the success condition; it begins: {start}")
