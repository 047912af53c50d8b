"""One request after another over kept connections: cancellable, with an overall deadline and a size cap."""

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from http.client import IncompleteRead
from threading import Timer
from types import TracebackType
from typing import Any
from urllib.parse import urljoin, urlsplit

import certifi
from urllib3 import HTTPResponse, PoolManager, Timeout
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from .context import Limits, Stoppable
from .errors import NodeError
from .masking import Masker, names_a_secret
from .sockets import Sockets, pool_classes

_CHUNK = 64 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Request:
    """One request, all parameters resolved.

    `timeout_s` bounds the whole exchange, redirects included; `limited_by` tells people what sets it. Without `follows`
    an answer that redirects is the answer.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    timeout_s: float
    masker: Masker = field(default_factory=lambda: Masker(()))
    limited_by: str = "a header FDLTimeout sets another limit, in seconds"
    follows: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete response; `elapsed_ms` runs from sending the request to the last byte."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    elapsed_ms: int


class HttpClient:
    """A client for one node run. Use as a context manager; every failure is a NodeError that names the address.

    `allow_loopback` lets requests reach this machine itself, each at its own host and port; a redirect elsewhere is
    judged without it.
    """

    def __init__(self, context: Stoppable, *, verify_tls: bool = True, allow_loopback: bool = False) -> None:
        self._context = context
        self._limits: Limits = context.limits
        self._allow_loopback = allow_loopback
        self._sockets = Sockets(context.limits.egress)
        trust: dict[str, Any] = {"ssl_context": _trusted()} if verify_tls else {"cert_reqs": "CERT_NONE"}
        self._pools = PoolManager(num_pools=4, maxsize=1, **trust)
        self._pools.pool_classes_by_scheme = pool_classes(self._sockets)

    def __enter__(self) -> "HttpClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Clearing the manager alone leaves the closing to the garbage collector.
        for key in list(self._pools.pools.keys()):
            self._pools.pools[key].close()
        self._pools.clear()
        self._sockets.close()

    def send(self, request: Request) -> Answer:
        """Send a request, follow redirects of a GET, and read the answer; raises NodeError or Stopped."""
        started = time.monotonic()
        self._sockets.trusted = _origin(request)[1:] if self._allow_loopback else None
        with self._context.on_stop(self._sockets.cut), self._deadline(request) as expires:
            answer = self._follow(request, expires)
            self._context.check()
        self._sockets.forget_closed()
        return replace(answer, elapsed_ms=round((time.monotonic() - started) * 1000))

    @contextmanager
    def _deadline(self, request: Request) -> Iterator[float]:
        timer = Timer(request.timeout_s, self._sockets.cut)
        timer.daemon = True
        expires = time.monotonic() + request.timeout_s
        timer.start()
        try:
            yield expires
        except NodeError:
            if time.monotonic() >= expires:
                raise _too_slow(request) from None
            raise
        finally:
            timer.cancel()
        if time.monotonic() >= expires:
            raise _too_slow(request)

    def _follow(self, request: Request, expires: float) -> Answer:
        for _ in range(self._limits.max_redirects + 1):
            answer = self._exchange(request, expires)
            location = answer.headers.get("location")
            if not request.follows or request.method != "GET" or answer.status not in _REDIRECTS or not location:
                return answer
            request = redirected(request, location)
        where = request.masker.url(request.url)
        raise NodeError(f"more than {self._limits.max_redirects} redirects, the last to {where}")

    def _exchange(self, request: Request, expires: float) -> Answer:
        _require_http(request)
        try:
            with self._open(request, max(expires - time.monotonic(), 0.001)) as response:
                try:
                    content = self._read(response)
                except BaseException:
                    response.close()
                    raise
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, headers, content, 0)
        except (HTTPError, OSError, ValueError) as error:
            where = request.masker.url(request.url)
            # Without its cause: urllib3 puts whole addresses, tokens included, into its messages.
            raise NodeError(f"{request.method} {where}: {request.masker.text(_what_happened(error))}") from None

    @contextmanager
    def _open(self, request: Request, seconds: float) -> Iterator[HTTPResponse]:
        response = self._pools.request(
            request.method,
            request.url,
            body=request.body,
            headers=request.headers,
            redirect=False,
            retries=False,
            preload_content=False,
            timeout=Timeout(connect=seconds, read=seconds),
        )
        assert isinstance(response, HTTPResponse)  # noqa: S101 - what a PoolManager returns, for the type checker
        try:
            yield response
        finally:
            response.release_conn()

    def _read(self, response: HTTPResponse) -> bytes:
        cap = self._limits.max_response_bytes
        content = bytearray()
        for chunk in response.stream(_CHUNK, decode_content=True):
            content += chunk
            if len(content) > cap:
                raise NodeError(
                    f"the answer is larger than {cap} bytes; fetch it in pages, or raise the limit for responses"
                )
        return bytes(content)


def redirected(request: Request, location: str) -> Request:
    """Return the request to the place a redirect names; to another origin no credentials go along."""
    try:
        there = replace(request, url=urljoin(request.url, location))
    except ValueError as error:
        raise NodeError(f"redirected to a broken address: {error}") from None
    if _origin(there) == _origin(request):
        return there
    kept = {name: value for name, value in request.headers.items() if not names_a_secret(name)}
    return replace(there, headers=kept)


def _origin(request: Request) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(request.url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError as error:
        raise NodeError(f"{request.masker.url(request.url)[:200]} is a broken address: {error}") from None
    return parts.scheme, parts.hostname or "", port


def _require_http(request: Request) -> None:
    if not request.url.lower().startswith(("http://", "https://")):
        raise NodeError(f"only http and https addresses are fetched, not {request.masker.url(request.url)[:200]}")


def _too_slow(request: Request) -> NodeError:
    where = request.masker.url(request.url)
    return NodeError(
        f"{request.method} {where}: no complete answer within {request.timeout_s:g} s ({request.limited_by})"
    )


def _what_happened(error: Exception) -> str:
    # The order counts: in urllib3 a failed resolution is a failed connection, and that a timeout.
    if isinstance(error, NameResolutionError):
        return "the host name cannot be resolved"
    if isinstance(error, NewConnectionError):
        return f"no connection ({error.__cause__ or error})"
    if isinstance(error, ConnectTimeoutError | ReadTimeoutError | TimeoutError):
        return "timed out"
    if isinstance(error, SSLError):
        return f"TLS failed ({error}); verifyTls can be switched off for a self-signed certificate"
    if isinstance(error, LocationParseError):
        return "the address is broken"
    cause = error.args[-1] if error.args else error
    if isinstance(error, IncompleteRead) or isinstance(cause, IncompleteRead):
        return "the connection was closed in the middle of the answer"
    return f"the connection failed ({error})"


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """The system's certificates, and certifi's for systems that have none."""
    trusted = ssl.create_default_context()
    trusted.load_verify_locations(certifi.where())
    return trusted
