"""Reading a request: its parameters from query and form body, and which of the two schemes it is signed by."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from ...auth import aliyun_acs3, aliyun_rpc
from ...auth.aliyun import Signed
from ...domain.errors import InvalidParameter, InvalidRequest

VERSION = "2019-04-30"
MAX_FIELDS = 2000
_FORM = "application/x-www-form-urlencoded"
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it came. `values` are the parameters of query and body together."""

    environ: dict[str, Any]
    query: Pairs
    values: Mapping[str, str]
    body: bytes

    @property
    def is_acs3(self) -> bool:
        """Whether the ACS3 scheme signs it, otherwise the RPC one."""
        return is_acs3(self.environ)

    def action(self) -> str:
        """Return what is asked for, from where the scheme in force signs it; raises InvalidParameter."""
        return self._of_scheme("Action", "HTTP_X_ACS_ACTION")

    def require_version(self) -> None:
        """Raise InvalidParameter for another version of the API."""
        if self._of_scheme("Version", "HTTP_X_ACS_VERSION") != VERSION:
            raise InvalidParameter(f"The specified version is not {VERSION}.", aliyun="InvalidVersion")

    def _of_scheme(self, name: str, header: str) -> str:
        value = str(self.environ.get(header, "") if self.is_acs3 else self.values.get(name, "")).strip()
        if not value:
            raise InvalidParameter(f"{name} is mandatory for this action.", aliyun=f"Missing{name}")
        return value

    def signed(self) -> Signed:
        """Return what proves the caller; raises AuthenticationFailed, InvalidParameter."""
        method = str(self.environ.get("REQUEST_METHOD", ""))
        if not self.is_acs3:
            return aliyun_rpc.read(method, self.values)
        header = aliyun_acs3.environ_header(self.environ)
        return aliyun_acs3.read(aliyun_acs3.Request(method, self.query, header, self.body))

    def security_token(self) -> str | None:
        """Return the token of temporary credentials, or None."""
        if self.is_acs3:
            token = self.environ.get("HTTP_X_ACS_SECURITY_TOKEN")
            return None if token is None else str(token)
        return self.values.get("SecurityToken")


def is_acs3(environ: Mapping[str, Any]) -> bool:
    """Tell whether a request is signed by the ACS3 scheme."""
    return str(environ.get("HTTP_AUTHORIZATION", "")).startswith(aliyun_acs3.SCHEME)


def read_call(environ: dict[str, Any], body: bytes) -> Call:
    """Read a request; raises InvalidRequest, and InvalidParameter for a parameter that comes twice."""
    query = _pairs(str(environ.get("QUERY_STRING", "")).encode("latin-1", "replace"))
    form = _pairs(body) if str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower() == _FORM else ()
    values: dict[str, str] = {}
    for name, value in (*query, *form):
        if name in values:
            raise InvalidParameter(f"The parameter {name[:80]} is given twice; send it once.")
        if "\0" in name + value:
            raise InvalidParameter("A parameter holds a NUL character; remove it.")
        values[name] = value
    return Call(environ, query, values, body)


def answer_format(environ: Mapping[str, Any], query: str, values: Mapping[str, str] | None) -> str:
    """Return "JSON" or "XML", also for a request that could not be read (`values` is None)."""
    given = _format_of(query) if values is None else values.get("Format", "")
    if given.upper() in ("JSON", "XML"):
        return given.upper()
    takes_json = is_acs3(environ) or "application/json" in str(environ.get("HTTP_ACCEPT", ""))
    return "JSON" if takes_json else "XML"


def require_format(values: Mapping[str, str]) -> None:
    """Raise InvalidParameter for a format there is not; `None`, which an older SDK sends, counts as none."""
    if values.get("Format", "").upper() not in ("", "NONE", "JSON", "XML"):
        raise InvalidParameter("The specified format is not JSON or XML.", aliyun="InvalidParameter.Format")


def _format_of(query: str) -> str:
    parts = [part.partition("=")[2] for part in query.split("&") if part.startswith("Format=")]
    return parts[0] if parts else ""


def _pairs(data: bytes) -> Pairs:
    if data.count(b"&") >= MAX_FIELDS:
        raise InvalidRequest(f"The request has more than {MAX_FIELDS} parameters.")
    try:
        parts = [part.partition("=") for part in data.decode().split("&") if part]
        return tuple([(_unquoted(name), _unquoted(value)) for name, _, value in parts])
    except UnicodeError:
        raise InvalidRequest("The parameters are not valid UTF-8; percent-encode them as UTF-8.") from None


def _unquoted(text: str) -> str:
    return unquote_plus(text, errors="strict") if "%" in text or "+" in text else text
