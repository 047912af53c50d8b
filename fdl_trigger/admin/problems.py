"""Errors of the admin API: problem details (RFC 9457) with the stable code of the domain."""

import json
from http import HTTPStatus
from typing import Any

from flask import Response
from marshmallow import Schema, fields

from ..domain.errors import TriggerError
from ..logs import request_id

CONTENT_TYPE = "application/problem+json"

STATUSES: dict[str, int] = {
    "invalid_request": 400,
    "authentication_failed": 401,
    "credential_expired": 401,
    "login_failed": 401,
    "token_missing": 401,
    "token_expired": 401,
    "token_invalid": 401,
    "permission_denied": 403,
    "path_not_found": 404,
    "task_not_found": 404,
    "instance_not_found": 404,
    "user_not_found": 404,
    "object_not_found": 404,
    "method_not_allowed": 405,
    "task_not_published": 409,
    "task_disabled": 409,
    "already_running": 409,
    "instance_finished": 409,
    "instance_not_finished": 409,
    "idempotency_conflict": 409,
    "nothing_running": 409,
    "request_too_large": 413,
    "invalid_parameter": 422,
    "definition_invalid": 422,
    "rate_limited": 429,
    "login_throttled": 429,
    "internal_error": 500,
    "queue_full": 503,
    "shutting_down": 503,
    "store_unavailable": 503,
}


class MistakeSchema(Schema):
    """One mistake of a request: where and what."""

    key = fields.Str(required=True)
    reason = fields.Str(required=True)


class ProblemSchema(Schema):
    """An error; `code` is stable, `detail` is for people."""

    type = fields.Str(required=True)
    title = fields.Str(required=True)
    status = fields.Int(required=True)
    detail = fields.Str(required=True)
    code = fields.Str(required=True)
    requestId = fields.Str(required=True)
    problems = fields.List(fields.Nested(MistakeSchema))


def problem(error: TriggerError) -> Response:
    """Return the answer that tells an error."""
    status = STATUSES.get(error.code, 500)
    response = Response(json.dumps(_details(error, status), ensure_ascii=False), status, content_type=CONTENT_TYPE)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="fdl-trigger"'
    if "allow" in error.details:
        response.headers["Allow"] = str(error.details["allow"])
    if "retry_after" in error.details:
        response.headers["Retry-After"] = str(error.details["retry_after"])
    return response


def _details(error: TriggerError, status: int) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": error.message,
        "code": error.code,
        "requestId": request_id.get(),
    }
    problems = error.details.get("problems")
    if isinstance(problems, list):
        told["problems"] = [{"key": key, "reason": reason} for key, reason in problems]
    return told
