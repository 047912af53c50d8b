"""What the wire carried to say who calls: in headers or in the query (finedatalink-open-platform.md section 8)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from ..domain.errors import AuthenticationFailed
from .origins import calling_origin
from .proof import Check

Query = Mapping[str, Sequence[str]]
SM2_FIELDS = ("client_id", "clientId", "timestamp", "signature")


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What a signature can cover: the method, the target, and the body (read when it is asked for)."""

    method: str
    target: str
    body: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who a caller claims to be and what is to prove it; a text that was not sent is empty.

    `signature` is the `_sign_` of a digest, `sm2_signature` and `timestamp` are those of sm2-sign-v1.
    """

    client_id: str
    secret: str = field(default="", repr=False)
    signature: str = field(default="", repr=False)
    origin: str = ""
    sm2_signature: str = field(default="", repr=False)
    timestamp: str = ""
    request: SignedRequest | None = field(default=None, repr=False)


def read_credentials(environ: Mapping[str, str], query: Query, body: Callable[[], bytes] = bytes) -> Credentials:
    """Read the credentials of a WSGI request; `query` holds the values of each query parameter.

    `clientId` is the older spelling of `client_id`; `body` reads the request body when a signature covers it. Raises
    AuthenticationFailed when one of them comes with two different values, whether in one place or in two.
    """
    secret = _single("secret", environ, query, ("HTTP_SECRET",), ("secret",))
    signature = _single("_sign_", environ, query, ("HTTP__SIGN_",), ("_sign_",))
    sm2_signature = _single("signature", environ, query, ("HTTP_SIGNATURE",), ("signature",))
    client_id = claimed_client_id(environ, query)
    if sm2_signature:
        timestamp = _single("timestamp", environ, query, ("HTTP_TIMESTAMP",), ("timestamp",))
        request = signed_request(environ, body)
        return Credentials(client_id, secret, signature, "", sm2_signature, timestamp, request)
    return Credentials(client_id, secret, signature, "" if secret or signature else calling_origin(environ))


def claimed_client_id(environ: Mapping[str, str], query: Query) -> str:
    """Return the `client_id` of a request, or an empty text; raises AuthenticationFailed for contradicting ones."""
    return _single("client_id", environ, query, ("HTTP_CLIENT_ID", "HTTP_CLIENTID"), ("client_id", "clientId"))


def signed_request(environ: Mapping[str, str], body: Callable[[], bytes]) -> SignedRequest:
    """Return what a bound signature covers; its target is the decoded path and the query without the credentials."""
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    target = path.encode("latin-1", "replace").decode("utf-8", "replace")
    parts = [part for part in environ.get("QUERY_STRING", "").split("&") if part and not _is_credential(part)]
    return SignedRequest(environ.get("REQUEST_METHOD", ""), f"{target}?{'&'.join(parts)}" if parts else target, body)


def _is_credential(part: str) -> bool:
    return unquote_plus(part.partition("=")[0]) in SM2_FIELDS


def _single(
    name: str, environ: Mapping[str, str], query: Query, headers: tuple[str, ...], fields: tuple[str, ...]
) -> str:
    found = [value for header in headers if (value := environ.get(header))]
    if query:
        found += [value for key in fields for value in query.get(key, ()) if value]
    if len(found) <= 1 and "," not in "".join(found):
        return found[0] if found else ""
    # A server joins repeated headers with a comma, which no credential contains.
    distinct = {part for value in found for part in map(str.strip, value.split(",")) if part}
    if len(distinct) > 1:
        reason = f"'{name}' is given more than once with different values; send it once."
        raise AuthenticationFailed(reason, check=Check.CONTRADICTION)
    return "".join(distinct)
