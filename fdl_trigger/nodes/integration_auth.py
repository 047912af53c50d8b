"""How a request proves its integration application to a ROMA gateway (roma-scheduled-calls.md section 5)."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from urllib.parse import unquote

from urllib3.util import Url, parse_url

from ..domain.apigw import DATE, Signable, authorization, date_text, payload_hash
from .errors import BuildError
from .http_client import Request
from .integration_application import CREDENTIAL_HEADERS, IntegrationApplication

Headers = dict[str, str]


def proved(request: Request, kind: str, application: IntegrationApplication, now_ms: int) -> Request:
    """Return the request with the credentials of one of APP_KINDS; it is not to be redirected.

    `now_ms` is the current time (epoch milliseconds). Raises BuildError when the application has no such credentials.
    """
    url = parse_url(request.url)  # as it will travel
    own = {name: value for name, value in request.headers.items() if name.lower() not in CREDENTIAL_HEADERS}
    if not any(name.lower() == "host" for name in own):
        own["Host"] = _host(url)
    added = _KINDS[kind](replace(request, headers=own), url, application, now_ms)
    masker = request.masker.hiding((application.secret, application.code, *_proofs(added)))
    return replace(request, headers={**own, **added}, masker=masker, follows=False)


def _app_secret(_request: Request, _url: Url, application: IntegrationApplication, _now_ms: int) -> Headers:
    return {"X-HW-ID": application.key, "X-HW-AppKey": application.secret}


def _app_code(_request: Request, _url: Url, application: IntegrationApplication, _now_ms: int) -> Headers:
    if not application.code:
        raise BuildError("the application of the connection has no code, which APP_CODE needs")
    return {"X-Apig-AppCode": application.code}


def _app_basic(_request: Request, _url: Url, application: IntegrationApplication, _now_ms: int) -> Headers:
    pair = f"{application.key}:{application.secret}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _app_jwt(_request: Request, _url: Url, application: IntegrationApplication, now_ms: int) -> Headers:
    timestamp = str(now_ms // 1000)
    text = f"{application.key}{application.secret}{timestamp}"
    return {"Timestamp": timestamp, "Authorization": hashlib.sha256(text.encode()).hexdigest()}


def _app_api_key(_request: Request, _url: Url, application: IntegrationApplication, _now_ms: int) -> Headers:
    return {"apikey": application.key}


def _app_sign(request: Request, url: Url, application: IntegrationApplication, now_ms: int) -> Headers:
    added = {"X-Sdk-Date": date_text(now_ms)}
    if _is_address(url):
        added["X-HW-ID"] = application.key
    headers = {name.lower(): _as_utf8(value) for name, value in {**request.headers, **added}.items()}
    assert DATE in headers  # noqa: S101 - a signature without its date is worth nothing
    path = unquote(url.path or "/", errors="surrogateescape")
    signable = Signable(request.method, path, url.query or "", headers, payload_hash(request.body))
    return {**added, "Authorization": authorization(signable, application.key, application.secret)}


_KINDS: dict[str, Callable[[Request, Url, IntegrationApplication, int], Headers]] = {
    "APP_SECRET": _app_secret,
    "APP_SIGN": _app_sign,
    "APP_CODE": _app_code,
    "APP_BASIC": _app_basic,
    "APP_JWT": _app_jwt,
    "APP_API_KEY": _app_api_key,
}


def _host(url: Url) -> str:
    default = {"http": 80, "https": 443}.get(url.scheme or "")
    return f"{url.host}" if url.port in (None, default) else f"{url.host}:{url.port}"


def _is_address(url: Url) -> bool:
    try:
        ip_address((url.host or "").strip("[]"))
    except ValueError:
        return False
    return True


def _as_utf8(value: str) -> str:
    # As the wire has it: header values are kept as Latin-1 readings of their bytes.
    return value.encode("latin-1").decode()


def _proofs(added: Headers) -> list[str]:
    values = [value for name, value in added.items() if name in ("Authorization", "apikey")]
    return [*values, *(value.partition(" ")[2] for value in values), *(v.rpartition("Signature=")[2] for v in values)]
