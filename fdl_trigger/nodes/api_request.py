"""From the settings of an API source to one request, parameters resolved (finedatalink-tasks.md section 5)."""

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from marshmallow import ValidationError
from urllib3 import encode_multipart_formdata

from ..domain.clock import system_clock
from ..domain.records import Connection
from .connection_schemas import load_settings
from .context import NodeContext
from .errors import BuildError
from .http_client import Request
from .integration_application import APP_KINDS, IntegrationApplication
from .integration_auth import proved
from .masking import Masker, names_a_secret
from .schema_fields import Pairs
from .source_schemas import TIMEOUT_HEADER
from .source_settings import CONTENT_TYPES, ApiSettings, Authorization

_LONGEST_TIMEOUT_S = 1_000_000
Resolve = Callable[[str], str]


class RequestBuilder:
    """Builds the requests of one source. What a named connection supplies is taken as it is, without parameters."""

    def __init__(self, settings: ApiSettings, context: NodeContext) -> None:
        self._settings = settings
        self._context = context
        self._supplied_headers: Pairs = ()
        self._supplied = Authorization()
        self._application: IntegrationApplication | None = None
        self.allows_loopback = False
        if settings.connection:
            self._take(context.connection(settings.connection))

    def build(self, nearer: Mapping[str, Any]) -> Request:
        """Return the next request; `nearer` holds the paging parameter. Raises BuildError for an impossible one."""

        def resolve(text: str) -> str:
            return _sendable(self._context.resolve(text, nearer)) if "${" in text else text

        settings = self._settings
        body, content_type = _body(settings, resolve)
        headers = _Headers()
        if content_type:
            headers.put("Content-Type", content_type)
        headers.put_all(self._supplied_headers)
        params = tuple((resolve(name), resolve(value)) for name, value in settings.params)
        url, userinfo = _without_userinfo(checked_url(settings.url, resolve(settings.url)))
        if userinfo:
            headers.put("Authorization", _basic(*userinfo))
        headers.put_all((name, resolve(value)) for name, value in settings.headers)
        authorization = self._authorization(resolve)
        if authorization:
            headers.put("Authorization", authorization)
        if settings.body.type == "FORM_DATA" and content_type:
            headers.put("Content-Type", content_type)  # nobody else knows the boundary
        timeout_s = _timeout_s(headers.take(TIMEOUT_HEADER), self._context.limits.request_timeout_s)
        masker = Masker((*headers.secrets(), *_secret_values(params), *(userinfo or ())[1:]))
        request = Request(settings.method, with_params(url, params), headers.as_sent(), body, timeout_s, masker)
        return self._proved(request)

    def _proved(self, request: Request) -> Request:
        own, supplied = self._settings.authorization.type, self._supplied.type
        kind = supplied if own == "NONE" else own
        if kind not in APP_KINDS:
            return request
        if self._application is None:
            raise BuildError(f"{kind} needs a connection with an application")
        return proved(request, kind, self._application, system_clock())

    def _authorization(self, resolve: Resolve) -> str | None:
        own = self._settings.authorization
        if own.type != "NONE":
            return authorization_value(own, resolve)
        return authorization_value(self._supplied, lambda text: text)

    def _take(self, connection: Connection) -> None:
        if connection.kind != "api":
            raise BuildError(f"connection '{connection.name}' is of kind {connection.kind}, an API source needs api")
        try:
            loaded = load_settings("api", connection.settings)
        except ValidationError:
            raise BuildError(f"the settings of connection '{connection.name}' cannot be read") from None
        self._supplied_headers = loaded["headers"]
        self._supplied = loaded["authorization"]
        self._application = loaded["application"]
        self.allows_loopback = loaded["allowLoopback"]


def authorization_value(authorization: Authorization, resolve: Resolve) -> str | None:
    """Return the value of the Authorization header, or None for NONE."""
    if authorization.type == "BEARER":
        return "Bearer " + resolve(authorization.token)
    if authorization.type == "BASIC":
        return _basic(resolve(authorization.user), resolve(authorization.password))
    if authorization.type == "RAW":
        return resolve(authorization.value)
    return None


def _sendable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BuildError("a parameter holds half a character (a lone surrogate), which cannot be sent") from None
    return text


def checked_url(template: str, url: str) -> str:
    """Return a resolved address; raises BuildError when its parameters brought in more than text.

    That is a control character (a line break could begin another request), or a `..` that climbs out of the path the
    template names.
    """
    if re.search(r"[\x00-\x1f\x7f]", url):
        raise BuildError("a parameter brings a control character into the address")
    if _climbs(url) and not _climbs(template):
        raise BuildError("a parameter brings '..' into the path of the address")
    return url


def _climbs(url: str) -> bool:
    path = re.split(r"[?#]", url, maxsplit=1)[0]
    return ".." in re.split(r"[/\\]", unquote(path))


def with_params(url: str, params: Pairs) -> str:
    """Append query parameters to an address, a blank as %20; a query typed in the address stays as it is."""
    address = url.partition("#")[0].replace(" ", "%20")
    query = _urlencoded(params)
    if not query:
        return address
    if "?" not in address:
        return f"{address}?{query}"
    return address + query if address.endswith(("?", "&")) else f"{address}&{query}"


class _Headers:
    """Header rows under case-insensitive names, the last one wins; FDLTimeout alone is case-sensitive."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[str, str]] = {}

    def put(self, name: str, value: str) -> None:
        if re.search(r"[\r\n\0]", value):
            raise BuildError(f"the value of the header {name} has a line break")
        key = name if name == TIMEOUT_HEADER else name.lower()
        self._rows[key] = (name, value.strip())

    def put_all(self, rows: Iterator[tuple[str, str]] | Pairs) -> None:
        for name, value in rows:
            self.put(name, value)

    def take(self, key: str) -> str | None:
        row = self._rows.pop(key, None)
        return row[1] if row else None

    def secrets(self) -> Iterator[str]:
        for name, value in self._rows.values():
            if names_a_secret(name):
                yield value
                yield value.partition(" ")[2]
                yield from _basic_password(value)

    def as_sent(self) -> dict[str, str]:
        # The wire takes bytes; http.client would refuse what is outside Latin-1.
        return {name: value.encode().decode("latin-1") for name, value in self._rows.values()}


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _basic_password(value: str) -> Iterator[str]:
    if value.startswith("Basic "):
        try:
            yield base64.b64decode(value[6:]).decode().partition(":")[2]
        except ValueError:
            return


def _secret_values(params: Pairs) -> Iterator[str]:
    return (value for name, value in params if names_a_secret(name))


def _without_userinfo(url: str) -> tuple[str, tuple[str, str] | None]:
    try:
        parts = urlsplit(url)
        userinfo, separator, host = parts.netloc.rpartition("@")
    except ValueError:
        raise BuildError("the address of the source is broken") from None
    if not separator:
        return url, None
    user, _, password = userinfo.partition(":")
    return parts._replace(netloc=host).geturl(), (unquote(user), unquote(password))


def _timeout_s(text: str | None, default_s: float) -> float:
    if text is None:
        return default_s
    if not re.fullmatch(r"[0-9]{1,18}", text) or int(text) == 0:
        raise BuildError(f"the header {TIMEOUT_HEADER} is a positive whole number of seconds, not '{text[:40]}'")
    return float(min(int(text), _LONGEST_TIMEOUT_S))


def _body(settings: ApiSettings, resolve: Resolve) -> tuple[bytes | None, str | None]:
    body = settings.body
    if body.type == "NONE":
        return None, None
    if body.type in CONTENT_TYPES:
        return resolve(body.content).encode(), CONTENT_TYPES[body.type]
    rows = tuple((resolve(name), resolve(value)) for name, value in body.fields)
    if body.type == "FORM_DATA":
        return encode_multipart_formdata(rows)
    return _urlencoded(rows).encode(), "application/x-www-form-urlencoded"


def _urlencoded(rows: Pairs) -> str:
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in rows)
