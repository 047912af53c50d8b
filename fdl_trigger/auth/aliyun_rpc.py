"""The RPC scheme: every parameter is signed, HMAC-SHA1, base64 (schedulerx.md section 2)."""

import base64
import hashlib
import hmac
from collections.abc import Mapping

from ..domain.errors import InvalidParameter
from .aliyun import Signed
from .aliyun_encoding import canonical, encode_canonical

_REQUIRED = ("AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Timestamp")


def string_to_sign(method: str, parameters: Mapping[str, str]) -> str:
    """Return what is signed: the HTTP method and all parameters but the signature itself."""
    pairs = ((name, value) for name, value in parameters.items() if name != "Signature")
    return f"{method.upper()}&%2F&{encode_canonical(canonical(pairs))}"


def sign(text: str, secret: str) -> str:
    """Return the signature of a string to sign."""
    digest = hmac.digest(f"{secret}&".encode(errors="replace"), text.encode(), hashlib.sha1)
    return base64.b64encode(digest).decode()


def read(method: str, parameters: Mapping[str, str]) -> Signed:
    """Return a signed request from all its parameters; raises InvalidParameter for what is missing or unknown."""
    for name in _REQUIRED:
        if not parameters.get(name):
            raise InvalidParameter(f"{name} is mandatory for this action.", aliyun=f"Missing{name}")
    if parameters["SignatureMethod"].upper() != "HMAC-SHA1":
        reason = "Specified signature method is not supported; use HMAC-SHA1."
        raise InvalidParameter(reason, aliyun="InvalidSignatureMethod")
    if parameters["SignatureVersion"] != "1.0":
        raise InvalidParameter("Specified signature version is not 1.0.", aliyun="InvalidSignatureVersion")
    text = string_to_sign(method, parameters)
    given = parameters["Signature"].encode(errors="replace")
    return Signed(
        parameters["AccessKeyId"],
        parameters["Timestamp"],
        parameters["SignatureNonce"],
        lambda secret: hmac.compare_digest(sign(text, secret).encode(), given),
        # The SDKs compare what follows the first colon with their own string, so nothing may stand behind it.
        lambda: f"Specified signature is not matched with our calculation. server string to sign is:{text}",
    )
