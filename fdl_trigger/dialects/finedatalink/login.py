"""Logging in and out the platform's two ways: as a script for other pages, and as a POST (contract section 8.6)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Response, request
from flask_smorest import Api, Blueprint

from ...auth.login import Login, Logins
from ...auth.permissions import public
from ...auth.token import COOKIE, find_token, is_own_page
from ...domain.errors import AuthenticationFailed, InvalidParameter, RateLimited, TokenMissing, TriggerError
from ...logs import request_id
from ..bodies import Query, read_body, read_query
from . import answers
from .errors import wire_error
from .jsonp import jsonp
from .requests import merge

KEEP_LOGIN = "-2"
_TRUE = ("true", "1")
_OPEN = public("whoever logs in or out brings the proof along")


class LoginRoutes:
    """The four login routes, mounted under each prefix; `cross_domain` answers the script form."""

    def __init__(self, logins: Logins, *, cross_domain: bool, business_http_status: bool) -> None:
        self._logins = logins
        self._cross_domain = cross_domain
        self._business_http_status = business_http_status

    def register(self, api: Api, prefix: str, number: int) -> None:
        """Add the routes under a prefix."""
        blueprint = Blueprint(f"finedatalink-login-{number}", __name__, description="FineDataLink platform login")
        routes = (
            ("/login/cross/domain", "GET", self.login_by_script, "Log in by a script of a page of another origin"),
            ("/logout/cross/domain", "GET", self.logout_by_script, "Log out by a script of a page of another origin"),
            ("/login", "POST", self.login, "Log in"),
            ("/logout", "POST", self.logout, "Log out"),
        )
        for path, method, view, summary in routes:
            name = path.strip("/").replace("/", "_")
            documented = blueprint.doc(summary=summary, security=[])(_plain(view))
            blueprint.add_url_rule(path, endpoint=name, view_func=_OPEN(documented), methods=[method])
        api.register_blueprint(blueprint, url_prefix=prefix)

    def login_by_script(self) -> Response:
        """Answer `callback({"accessToken": ..., "url": ..., "status": "success"})`."""
        callback = None
        try:
            query = read_query(request.environ.get("QUERY_STRING", ""))
            callback = _last(query, "callback")
            if not self._cross_domain:
                raise AuthenticationFailed("Login across domains is switched off here.")
            login = self._log_in(_fields(query), "fine_username", "fine_password")
        except TriggerError as error:
            return _failed_script(callback, error)
        payload = {"accessToken": login.token, "url": _entry(login, query), "status": "success"}
        return _remembering(jsonp(callback, payload), login, _is_kept(query.get("validity", [None])[0]))

    def login(self) -> Response:
        """Answer the envelope with `accessToken`; for a page of ours, or for none, the token also becomes a cookie."""
        try:
            query = read_query(request.environ.get("QUERY_STRING", ""))
            names = ("username", "password", "validity", "encrypted")
            fields = merge(names, {}, read_body(request.get_data(cache=False)), query)
            login = self._log_in(fields, "username", "password")
        except TriggerError as error:
            return self._failed(error)
        response = answers.success({"accessToken": login.token, "status": "success"})
        return _remembering(response, login, _is_kept(fields.get("validity"))) if _is_ours() else response

    def logout_by_script(self) -> Response:
        """End the login whose token the request carries, if any, and forget the cookie."""
        try:
            query = read_query(request.environ.get("QUERY_STRING", ""))
        except TriggerError as error:
            return _failed_script(None, error)
        self._end(query)
        return _forgetting(jsonp(_last(query, "callback"), {"status": "success"}))

    def logout(self) -> Response:
        """End the login whose token the request carries, if any, and forget the cookie."""
        try:
            self._end(read_query(request.environ.get("QUERY_STRING", "")))
        except TriggerError as error:
            return self._failed(error)
        return _forgetting(answers.success({"status": "success"}))

    def _log_in(self, fields: Mapping[str, Any], name_key: str, password_key: str) -> Login:
        if str(fields.get("encrypted", "")).strip().lower() in _TRUE:
            raise InvalidParameter(
                "encrypted: encrypted passwords are not understood here; send the password as it is, over HTTPS, "
                "with encrypted=false."
            )
        name, password = _text(fields, name_key), _text(fields, password_key)
        keep = _is_kept(fields.get("validity"))
        return self._logins.log_in(name, password, _address(), request_id.get(), keep=keep)

    def _end(self, query: Query) -> None:
        try:
            token = find_token(request.environ, query)
        except AuthenticationFailed:
            return
        self._logins.log_out(token, _address(), request_id.get())

    def _failed(self, error: TriggerError) -> Response:
        response = answers.failure(error, business_http_status=self._business_http_status)
        if not self._business_http_status and isinstance(error, AuthenticationFailed):
            response.status_code = 200  # section 8.6: a login that fails is answered with 200
        return response


def _text(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key)
    if value is None:
        raise TokenMissing(f"{key}: is missing.")
    if not isinstance(value, str):
        raise InvalidParameter(f"{key}: must be a text.")
    return value


def _fields(query: Query) -> dict[str, Any]:
    return merge(("fine_username", "fine_password", "validity", "encrypted"), {}, {}, query)


def _is_kept(validity: Any) -> bool:
    """Tell whether 14 days are asked for; anything but -2 means the login timeout, as on the vendor's older pages."""
    return str(validity).strip() == KEEP_LOGIN


def _entry(login: Login, query: Query) -> str:
    """Return the entry address with the query echoed, the password left out."""
    prefix = request.path.removesuffix("/login/cross/domain")
    validity = query.get("validity", ["-1"])[0]
    echoed = urlencode({"fine_username": login.user.name, "validity": validity})
    return f"{request.host_url.rstrip('/')}{prefix}?{echoed}"


def _failed_script(callback: str | None, error: TriggerError) -> Response:
    response = jsonp(
        callback,
        {"errorCode": wire_error(error).error_code, "errorMsg": error.message},
        429 if isinstance(error, RateLimited) else 200,
    )
    if "retry_after" in error.details:
        response.headers["Retry-After"] = str(error.details["retry_after"])
    return response


def _remembering(response: Response, login: Login, is_kept: bool) -> Response:
    life_s = (login.session.expires_at - login.session.issued_at) // 1000
    max_age = life_s if is_kept else None  # otherwise until the browser is closed
    response.set_cookie(COOKIE, login.token, max_age, path="/", secure=request.is_secure, httponly=True, samesite="Lax")
    return response


def _forgetting(response: Response) -> Response:
    response.delete_cookie(COOKIE, path="/", secure=request.is_secure, httponly=True, samesite="Lax")
    return response


def _is_ours() -> bool:
    return is_own_page(request.environ)


def _address() -> str:
    return str(request.environ.get("REMOTE_ADDR", ""))


def _last(query: Query, name: str) -> str | None:
    values = query.get(name)
    return values[-1] if values else None


def _plain(view: Any) -> Any:
    """Return a bound method as a function, which can carry its documentation and its permission."""

    def answer() -> Response:
        response: Response = view()
        return response

    return answer
