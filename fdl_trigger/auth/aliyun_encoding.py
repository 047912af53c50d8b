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
    """Return the parameters sorted by the bytes of their names, encoded and joined."""
    ordered = sorted(pairs, key=lambda pair: (pair[0].encode(errors="replace"), pair[1].encode(errors="replace")))
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in ordered)
