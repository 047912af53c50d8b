"""The description of every API for people: Swagger UI at /docs, from files of the installation, without the network."""

from importlib.resources import files

from flask import Flask, Response, send_file

from ..auth.permissions import public
from ..domain.errors import PathNotFound

PATH = "/docs"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FILES = frozenset({"swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"})
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>fdl-trigger: API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</html>
"""
_START = """SwaggerUIBundle({
  url: "api/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  validatorUrl: null
});
"""


def mount_documentation(app: Flask) -> None:
    """Add the page and its files."""
    app.add_url_rule(PATH, "documentation", _page)
    app.add_url_rule(f"{PATH}/<name>", "documentation-file", _file)


@public("it describes the API, it holds no data")
def _page() -> Response:
    response = Response(_PAGE, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response


@public("files of Swagger UI")
def _file(name: str) -> Response:
    if name == "start.js":
        return Response(_START, content_type="text/javascript; charset=utf-8")
    if name not in _FILES:
        raise PathNotFound
    return send_file(str(files("flask_swagger_ui") / "dist" / name), max_age=3600)
