"""Origins of pages: read from what a browser sends, compared in one spelling."""

from collections.abc import Mapping
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def normalise(text: str) -> str:
    """Return `scheme://host[:port]` in lower case without a default port, or "" when `text` has no origin."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}")


def calling_origin(environ: Mapping[str, str]) -> str:
    """Return the origin of the page behind a request, or "" when the browser does not tell.

    Browsers send `Origin` with every cross-origin call and every POST. They leave it out of a same-origin GET; there
    `Referer` counts, and where a page suppresses that as well, `Sec-Fetch-Site: same-origin` vouches for our own host.
    A script cannot set any of the three.
    """
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None:
        return normalise(origin)
    if environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
        return ""
    referer = environ.get("HTTP_REFERER")
    if referer:
        return normalise(referer)
    if environ.get("HTTP_SEC_FETCH_SITE") == "same-origin":
        return normalise(f"{environ.get('wsgi.url_scheme', '')}://{environ.get('HTTP_HOST', '')}")
    return ""
