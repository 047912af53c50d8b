"""The ACS3-HMAC-SHA256 scheme: the request, the headers it names and the body's hash (schedulerx.md section 3)."""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..domain.errors import AuthenticationFailed, InvalidParameter
from .aliyun import Signed, refuse
from .aliyun_encoding import Pairs, canonical

SCHEME = "ACS3-HMAC-SHA256"
SIGNED_ALWAYS = (
    "host",
    "x-acs-action",
    "x-acs-version",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-content-sha256",
)
TOKEN = "x-acs-security-token"  # noqa: S105 - the name of a header
_AUTHORIZATION = re.compile(
    rf"{SCHEME}\s+Credential=([^,\s]+)\s*,\s*SignedHeaders=([^,\s]+)\s*,\s*Signature=([0-9a-fA-F]{{64}})\s*"
)
_MISSING = {"x-acs-date": "MissingTimestamp", "x-acs-signature-nonce": "MissingSignatureNonce"}

Header = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Request:
    """What the scheme covers. `header` returns the raw value of a header by its lower-case name, or None."""

    method: str
    query: Pairs
    header: Header
    body: bytes


def environ_header(environ: Mapping[str, object]) -> Header:
    """Return how to read the headers of a WSGI request."""

    def header(name: str) -> str | None:
        key = name.upper().replace("-", "_")
        value = environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}")
        return None if value is None else str(value)

    return header


def canonical_request(request: Request, names: tuple[str, ...], body_hash: str) -> str:
    """Return the request in the form that is hashed and signed; `names` are the signed headers."""
    headers = "".join(f"{name}:{(request.header(name) or '').strip()}\n" for name in names)
    parts = (request.method.upper(), "/", canonical(request.query), headers, ";".join(names), body_hash)
    return "\n".join(parts)


def string_to_sign(canonical_text: str) -> str:
    """Return what is signed of a canonical request; headers count as the bytes they came as."""
    return f"{SCHEME}\n{hashlib.sha256(_bytes(canonical_text)).hexdigest()}"


def sign(text: str, secret: str) -> str:
    """Return the signature of a string to sign."""
    return hmac.digest(secret.encode(errors="replace"), text.encode(), hashlib.sha256).hex()


def read(request: Request) -> Signed:
    """Return a signed request from its headers.

    Raises AuthenticationFailed for an Authorization that cannot be read, a header that must be signed and is not, and a
    body with another hash; InvalidParameter for a missing header.
    """
    key_id, names, given = _authorization(request)
    body_hash = _body_hash(request)
    text = canonical_request(request, names, body_hash)
    to_sign = string_to_sign(text)
    return Signed(
        key_id,
        request.header("x-acs-date") or "",
        request.header("x-acs-signature-nonce") or "",
        lambda secret: hmac.compare_digest(sign(to_sign, secret), given),
        lambda: f"Specified signature does not match our calculation. server string to sign is:{to_sign}",
    )


def _authorization(request: Request) -> tuple[str, tuple[str, ...], str]:
    found = _AUTHORIZATION.fullmatch(request.header("authorization") or "")
    if found is None:
        raise _incomplete(f"Write Authorization: {SCHEME} Credential=...,SignedHeaders=...,Signature=...")
    names = tuple(found[2].lower().split(";"))
    for name in (*SIGNED_ALWAYS, *([TOKEN] if request.header(TOKEN) is not None else [])):
        if not request.header(name):
            code = _MISSING.get(name, "IncompleteSignature")
            raise InvalidParameter(f"The header {name} is mandatory.", aliyun=code)
        if name not in names:
            raise _incomplete(f"The header {name} must be signed: it is not in SignedHeaders.")
    return found[1], names, found[3].lower()


def _body_hash(request: Request) -> str:
    expected = hashlib.sha256(request.body).hexdigest()
    given = (request.header("x-acs-content-sha256") or "").strip()
    if not hmac.compare_digest(expected.encode(), given.encode("latin-1", "replace")):
        reason = "The hash of the body is not the one in x-acs-content-sha256: the body was changed on its way."
        raise refuse("SignatureDoesNotMatch", reason)
    return expected


def _incomplete(reason: str) -> AuthenticationFailed:
    return refuse("IncompleteSignature", f"The request signature does not conform: {reason}")


def _bytes(text: str) -> bytes:
    # A WSGI server hands headers over as Latin-1; everything else here is ASCII.
    return text.encode("latin-1", "replace")
