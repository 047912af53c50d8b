"""What the wire carried to say who calls: in headers or in the query (finedatalink-open-platform.md section 8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..domain.errors import AuthenticationFailed
from .origins import calling_origin

Query = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who a caller claims to be and what is to prove it; a text that was not sent is empty."""

    client_id: str
    secret: str = field(default="", repr=False)
    signature: str = field(default="", repr=False)
    origin: str = ""


def read_credentials(environ: Mapping[str, str], query: Query) -> Credentials:
    """Read the credentials of a WSGI request; `query` holds the values of each query parameter.

    `clientId` is the older spelling of `client_id`. Raises AuthenticationFailed when one of them comes with two
    different values, whether in one place or in two.
    """
    secret = _single("secret", environ, query, ("HTTP_SECRET",), ("secret",))
    signature = _single("_sign_", environ, query, ("HTTP__SIGN_",), ("_sign_",))
    return Credentials(
        client_id=_single("client_id", environ, query, ("HTTP_CLIENT_ID", "HTTP_CLIENTID"), ("client_id", "clientId")),
        secret=secret,
        signature=signature,
        origin="" if secret or signature else calling_origin(environ),
    )


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
        raise AuthenticationFailed(f"'{name}' is given more than once with different values; send it once.")
    return "".join(distinct)
