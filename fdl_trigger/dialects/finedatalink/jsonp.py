"""JSON in a function call, for pages of other origins that load it as a script."""

import json
import re
from collections.abc import Mapping
from typing import Any

from flask import Response

DEFAULT_CALLBACK = "callback"
_SAFE_CALLBACK = re.compile(r"[A-Za-z_$][\w$.]{0,63}", re.ASCII)
# Clients cut the JSON out with ^callback\((.*)\)$, and a script must hold no markup; inside JSON these characters
# occur in texts only, where an escape means the same.
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "()<>&'"}


def jsonp(callback: str | None, payload: Mapping[str, Any], status: int = 200) -> Response:
    """Return the script `callback({...})`; an unsafe name is replaced by `callback`."""
    name = callback if callback and _SAFE_CALLBACK.fullmatch(callback) else DEFAULT_CALLBACK
    text = json.dumps(payload, separators=(",", ":")).translate(_ESCAPES)  # ASCII, so U+2028 is escaped as well
    response = Response(f"{name}({text})", status, content_type="application/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
