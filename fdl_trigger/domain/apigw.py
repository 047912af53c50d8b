"""SDK-HMAC-SHA256, the signature of Huawei Cloud's API gateways (roma-scheduled-calls.md section 6)."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote

ALGORITHM = "SDK-HMAC-SHA256"
DATE = "x-sdk-date"
CONTENT_HASH = "x-sdk-content-sha256"
UNSIGNED = "UNSIGNED-PAYLOAD"
DATE_FORMAT = "%Y%m%dT%H%M%SZ"
EMPTY_HASH = hashlib.sha256(b"").hexdigest()
_BYTES = "surrogateescape"  # what is no UTF-8 keeps its bytes


@dataclass(frozen=True, slots=True)
class Signable:
    """What a signature covers.

    `path` is decoded, `query` as it travels, `headers` by lower-case name, `payload` the hash that stands for the body.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    payload: str = EMPTY_HASH

    @property
    def date(self) -> str:
        """The X-Sdk-Date."""
        return self.headers[DATE].strip()


def payload_hash(body: bytes | None) -> str:
    """Return the hash that stands for a body."""
    return hashlib.sha256(body or b"").hexdigest()


def date_text(at_ms: int) -> str:
    """Return a moment (epoch milliseconds) as an X-Sdk-Date."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime(DATE_FORMAT)


def signable_headers(headers: Mapping[str, str]) -> list[str]:
    """Return the names to sign, as the vendor's SDK chooses them: all but those with an underscore."""
    return sorted(name.lower() for name in headers if "_" not in name)


def canonical_path(path: str) -> str:
    """Return a decoded path as it is signed: every piece percent-encoded, a slash at the end."""
    text = "/".join(_encoded(piece) for piece in path.split("/"))
    return text if text.endswith("/") else f"{text}/"


def canonical_query(query: str) -> str:
    """Return a query as it is signed: decoded pairs sorted by name and value, encoded anew, blanks as %20."""
    pairs = sorted(_decoded(part) for part in query.split("&") if part)
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in pairs)


def canonical_request(request: Signable, signed: Sequence[str]) -> str:
    """Return the text that is hashed; raises KeyError for a signed header that is not there."""
    headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in signed)
    path, query = canonical_path(request.path), canonical_query(request.query)
    return "\n".join((request.method.upper(), path, query, headers, ";".join(signed), request.payload))


def signature(request: Signable, signed: Sequence[str], secret: str) -> str:
    """Return the signature in hexadecimal; raises KeyError for a signed header that is not there."""
    digest = hashlib.sha256(canonical_request(request, signed).encode(errors=_BYTES)).hexdigest()
    text = f"{ALGORITHM}\n{request.date}\n{digest}"
    return hmac.new(secret.encode(), text.encode(errors=_BYTES), hashlib.sha256).hexdigest()


def authorization(request: Signable, key: str, secret: str) -> str:
    """Return the value of the Authorization header that signs every header a signature can name."""
    signed = signable_headers(request.headers)
    return f"{ALGORITHM} Access={key}, SignedHeaders={';'.join(signed)}, Signature={signature(request, signed, secret)}"


def _decoded(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return unquote(name, errors=_BYTES), unquote(value, errors=_BYTES)


def _encoded(text: str) -> str:
    return quote(text, safe="~", errors=_BYTES)
