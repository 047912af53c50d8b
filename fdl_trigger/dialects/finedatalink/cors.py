"""Calls from pages of another origin: answered for named origins, never with the browser's credentials."""

from collections.abc import Callable, Iterable, Mapping

from flask import Request, Response

from ...auth.origins import normalise
from ...domain.applications import Application

ALLOWED_HEADERS = "content-type, client_id"
EXPOSED_HEADERS = "Retry-After, X-Request-Id"
MAX_AGE_S = 600


class Cors:
    """Knows the allowed origins: a fixed list ("*" for all) and those of the page applications."""

    def __init__(self, origins: Iterable[str], applications: Callable[[], Iterable[Application]]) -> None:
        self._any = "*" in origins
        self._listed = frozenset(map(normalise, origins))
        self._applications = applications

    def preflight(self, request: Request) -> Response:
        """Answer an OPTIONS request on the path of an operation."""
        methods = ", ".join(sorted((request.url_rule and request.url_rule.methods) or ()))
        response = self.decorate(request.environ, Response(status=204, headers={"Allow": methods}))
        if "Access-Control-Allow-Origin" in response.headers:
            response.headers["Access-Control-Allow-Methods"] = methods
            response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
            response.headers["Access-Control-Max-Age"] = str(MAX_AGE_S)
        return response

    def decorate(self, environ: Mapping[str, str], response: Response) -> Response:
        """Let a page of an allowed origin read the answer."""
        response.headers.add("Vary", "Origin")
        origin = environ.get("HTTP_ORIGIN")
        if origin and self._may_call(origin):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
        return response

    def _may_call(self, text: str) -> bool:
        origin = normalise(text)
        if not origin:
            return False
        return self._any or origin in self._listed or any(origin in map(normalise, own) for own in self._page_origins())

    def _page_origins(self) -> Iterable[tuple[str, ...]]:
        return (one.origins for one in self._applications() if one.method == "page" and one.enabled)
