"""`fine_auth_token`: a signed text that says who logged in (finedatalink-open-platform.md section 8.6).

Only HS256 under this installation's own key is believed; what the token's own header says is not asked.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jwt
from werkzeug.http import parse_cookie

from ..domain.errors import TokenExpired, TokenInvalid, TokenMissing
from ..domain.users import Session
from .origins import normalise

ISSUER = "fdl-trigger"
COOKIE = "fine_auth_token"
TENANT = "default"
MAX_LENGTH = 4096
_ALGORITHM = "HS256"
_REQUIRED = ("sub", "iss", "iat", "exp", "jti", "tenantId")
_BEARER = re.compile(r"\s*bearer\s+(\S.*?)\s*", re.IGNORECASE | re.DOTALL)

Query = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a genuine token says: whose it is, and of which login."""

    user_name: str
    jti: str


def sign(session: Session, display_name: str, key: bytes) -> str:
    """Return the token of a login."""
    claims = {
        "sub": session.user_name,
        "iss": ISSUER,
        "description": f"{session.user_name}({display_name})",
        "iat": session.issued_at // 1000,
        "exp": session.expires_at // 1000,
        "tenantId": TENANT,
        "jti": session.jti,
    }
    return jwt.encode(claims, key, _ALGORITHM)


def read(token: str, key: bytes, now_ms: int) -> Claims:
    """Return what a token says; raises TokenInvalid, or TokenExpired for a genuine one past its time.

    `now_ms` is the current time in UTC epoch milliseconds.
    """
    if len(token) > MAX_LENGTH or not token.isascii():
        raise TokenInvalid
    claims = _genuine(token, key)
    name, jti, ends = claims["sub"], claims["jti"], claims["exp"]
    if claims["tenantId"] != TENANT or type(ends) is not int or not isinstance(name, str) or not isinstance(jti, str):
        raise TokenInvalid
    if now_ms >= ends * 1000:
        raise TokenExpired
    return Claims(name, jti)


@lru_cache(maxsize=1024)  # a signature stays as good as it is; refusals are not kept
def _genuine(token: str, key: bytes) -> Mapping[str, Any]:
    # The times are compared with our own clock, by the caller.
    options: Any = {"require": _REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
    try:
        return jwt.decode(token, key, algorithms=[_ALGORITHM], issuer=ISSUER, options=options)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise TokenInvalid from None


def fingerprint(token: str) -> str:
    """Return what the audit log may show of a token: enough to tell two apart, nothing to use."""
    return "token " + hashlib.sha256(token.encode(errors="replace")).hexdigest()[:12]


def find_token(environ: Mapping[str, str], query: Query) -> str:
    """Return the token a request carries: as Bearer header, else as cookie, else in the query; the first one counts.

    Raises TokenMissing, or TokenInvalid for a query with two different ones.
    """
    bearer = _BEARER.fullmatch(environ.get("HTTP_AUTHORIZATION", "")[: MAX_LENGTH + 20])
    if bearer:
        return bearer[1]
    if cookie := _from_cookie(environ):
        return cookie
    given = {value for value in query.get(COOKIE, ()) if value}
    if len(given) > 1:
        raise TokenInvalid(f"'{COOKIE}' is given more than once with different values; send it once.")
    if not given:
        raise TokenMissing
    return given.pop()


def _from_cookie(environ: Mapping[str, str]) -> str:
    header = environ.get("HTTP_COOKIE")
    if not header or not is_own_page(environ):
        return ""
    return parse_cookie(header).get(COOKIE, "")


def is_own_page(environ: Mapping[str, str]) -> bool:
    """Tell whether a request comes from a page of ours, or from no page: only then its cookie speaks for the user.

    Browsers say where a request comes from with `Sec-Fetch-Site` and, on every POST, with `Origin`.
    """
    if environ.get("HTTP_SEC_FETCH_SITE", "none") not in ("none", "same-origin"):
        return False
    origin = environ.get("HTTP_ORIGIN")
    if origin is None:
        return True
    host = environ.get("HTTP_HOST", "")
    # The scheme may have changed at a front server, so only host and port count.
    return normalise(origin) in (normalise(f"http://{host}"), normalise(f"https://{host}")) and bool(normalise(origin))
