"""A way past the framework for the few calls that come often: same views, same answers (docs/adr)."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response

from .access_log import begin, finish
from .dialects.base import DirectView

WsgiApp = Callable[[dict[str, Any], Any], Any]


class Direct:
    """A WSGI layer over a Flask application: serves requests for `views` itself, hands on the others.

    `views` maps (method, path) to a view; the application has a route for each that answers the same. Only requests
    whose whole body is there already and not longer than `max_body_bytes` are taken.
    """

    def __init__(self, flask: Flask, views: Mapping[tuple[str, str], DirectView], max_body_bytes: int) -> None:
        self._flask = flask
        self._app: WsgiApp = flask.wsgi_app
        self.views = views
        self._max_body_bytes = max_body_bytes

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Serve a request."""
        view = self.views.get((environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")))
        if view is None or not self._can_read(environ):
            return self._app(environ, start_response)
        begin(environ)
        return finish(environ, self._answer(view, environ))(environ, start_response)

    def _can_read(self, environ: Mapping[str, Any]) -> bool:
        length = environ.get("CONTENT_LENGTH") or "0"
        is_whole = environ.get("wsgi.input_terminated") and "HTTP_TRANSFER_ENCODING" not in environ
        return bool(is_whole and length.isdecimal() and int(length) <= self._max_body_bytes)

    def _answer(self, view: DirectView, environ: dict[str, Any]) -> Response:
        body = environ["wsgi.input"].read()
        try:
            return view(environ, lambda: body)
        except Exception as error:  # noqa: BLE001 - the application has a handler for whatever it is
            with self._flask.request_context(environ):
                return self._flask.make_response(self._flask.handle_user_exception(error))
