"""The caller's address behind a proxy: taken from `X-Forwarded-For`, only where a trusted proxy wrote it."""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

Application = Callable[[dict[str, Any], Any], Any]
_MOST_HOPS = 32


class TrustedProxies:
    """A WSGI layer that sets REMOTE_ADDR to the last address in `X-Forwarded-For` that is no trusted proxy.

    `trusted` holds addresses and networks ("10.0.0.0/8"). What another peer sends in the header has no effect. From a
    trusted one `X-Forwarded-Proto` is believed as well. Raises ValueError for a text that is no address.
    """

    def __init__(self, app: Application, trusted: Iterable[str]) -> None:
        self._app = app
        self._trusted: tuple[IPv4Network | IPv6Network, ...] = tuple(ip_network(text, strict=False) for text in trusted)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Serve a request."""
        if self._is_trusted(environ.get("REMOTE_ADDR", "")):
            environ["REMOTE_ADDR"] = self._caller(environ)
            scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip().lower()
            if scheme in ("http", "https"):
                environ["wsgi.url_scheme"] = scheme
        return self._app(environ, start_response)

    def _caller(self, environ: dict[str, Any]) -> str:
        caller = str(environ["REMOTE_ADDR"])
        hops = environ.get("HTTP_X_FORWARDED_FOR", "").rsplit(",", _MOST_HOPS)[-_MOST_HOPS:]
        for hop in reversed(hops):
            address = _address(hop)
            if address is None:
                break
            caller = address
            if not self._is_trusted(address):
                break
        return caller

    def _is_trusted(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(ip_address(address) in network for network in self._trusted)


def _address(text: str) -> str | None:
    """Return an address in one spelling, without a port, or None for what is no address."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
