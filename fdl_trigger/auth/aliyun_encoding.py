"""Percent-encoding of what Alibaba Cloud's signatures cover: UTF-8, RFC 3986 unreserved characters bare."""

import re
from collections.abc import Iterable
from urllib.parse import quote

Pairs = Iterable[tuple[str, str]]
_IS_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch


def encode(text: str) -> str:
    """Return the text percent-encoded: a space is %20, `*` is %2A, `~` stays."""
    return text if _IS_PLAIN(text) else quote(text, safe="~", errors="replace")


def canonical(pairs: Pairs) -> str:
    """Return the parameters sorted by name, encoded and joined; characters sort as their UTF-8 bytes do."""
    return "&".join([f"{encode(name)}={encode(value)}" for name, value in sorted(pairs)])


def encode_canonical(text: str) -> str:
    """Return what `canonical` returned, encoded once more: it holds only three characters that are not plain."""
    return text.replace("%", "%25").replace("=", "%3D").replace("&", "%26")
