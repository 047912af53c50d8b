"""The token service: get and refresh (enos-flows.md section 7.1)."""

from typing import Any, NamedTuple

from flask import Response, request

from ...auth import enos
from ...auth.admission import Admission
from ...auth.enos_tokens import AccessToken, AccessTokens
from ...auth.proof import Check, Proof
from ...domain.applications import Application
from ...domain.clock import Clock
from ...domain.errors import AuthenticationFailed, CredentialExpired, InvalidRequest, TokenExpired, TriggerError
from .answers import token_answer
from .requests import json_body

_UNKNOWN_KEY = frozenset({Check.UNKNOWN, Check.DISABLED, Check.METHOD, Check.NO_KEY})
_BAD_PARAMETER, _EMPTY = (1004, "parameter error"), (1202, "parameter is empty")
_EXPIRED, _NOT_REFRESHED = (1203, "token expired"), (1204, "refresh failed")


class _Asked(NamedTuple):
    app_key: str
    encryption: str
    timestamp: str


class _Wrong(Exception):
    """A mistake with the status and the text it is told by."""


class TokenService:
    """Answers both calls from a request of its own; credentials in headers are ignored."""

    def __init__(self, admission: Admission, tokens: AccessTokens, clock: Clock) -> None:
        self._admission = admission
        self._tokens = tokens
        self._clock = clock

    def get(self) -> Response:
        """Return the application's token; raises RateLimited."""
        return self._answer(lambda client_id, body: self._tokens.get(client_id, self._clock()))

    def refresh(self) -> Response:
        """Return a new token for one that still counts; raises RateLimited."""
        return self._answer(self._renewed)

    def _renewed(self, client_id: str, body: dict[str, Any]) -> AccessToken:
        given = body.get("accessToken")
        if not isinstance(given, str) or not given:
            raise _Wrong(*_EMPTY)
        try:
            token = self._tokens.read(given, self._clock())
        except TokenExpired:
            raise _Wrong(*_EXPIRED) from None
        except AuthenticationFailed:
            raise _Wrong(*_NOT_REFRESHED) from None
        if token.client_id != client_id:
            raise _Wrong(*_NOT_REFRESHED)
        return self._tokens.renew(client_id, self._clock())

    def _answer(self, issue: Any) -> Response:
        try:
            body = _body(request.get_data())
            token: AccessToken = issue(self._proven(_asked(body)), body)
        except _Wrong as wrong:
            return token_answer(*wrong.args)
        except AuthenticationFailed as error:
            self._admission.refused(request.environ, "enos.token", error)
            return token_answer(*_told(error))
        data = {"accessToken": token.text, "expire": token.seconds_left(self._clock())}
        return token_answer(0, "SUCCESS", data)

    def _proven(self, asked: _Asked) -> str:
        client_id = enos.application_id(asked.app_key)

        def verify(application: Application | None, now_ms: int) -> Proof:
            key = enos.verify_encryption(application, asked.app_key, asked.timestamp, asked.encryption, now_ms)
            return Proof(key.id)

        self._admission.admit_by(request.environ, client_id, verify)
        return client_id


def _told(error: TriggerError) -> tuple[int, str]:
    if isinstance(error, CredentialExpired):
        return 1004, "timestamp is not within 15 minutes"
    if error.details.get("check") in _UNKNOWN_KEY:
        return 1002, "appKey does not exist"
    return 1003, "encryption is wrong"


def _body(data: bytes) -> dict[str, Any]:
    try:
        return json_body(data)
    except InvalidRequest:
        raise _Wrong(*_BAD_PARAMETER) from None


def _asked(body: dict[str, Any]) -> _Asked:
    values = [body.get(name) for name in ("appKey", "encryption", "timestamp")]
    if any(value is None or value == "" for value in values):
        raise _Wrong(*_EMPTY)
    app_key, encryption, timestamp = values
    is_number = isinstance(timestamp, int) and not isinstance(timestamp, bool)
    if not (isinstance(app_key, str) and isinstance(encryption, str) and (is_number or isinstance(timestamp, str))):
        raise _Wrong(*_BAD_PARAMETER)
    return _Asked(app_key, encryption, str(timestamp))
