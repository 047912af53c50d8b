"""The time a signature was made at, and how long it counts (finedatalink-open-platform.md section 8.4)."""

import re

from ..domain.errors import CredentialExpired
from .proof import Check

FUTURE_SKEW_MS = 5_000
TIMESTAMP_LENGTH = 13
_TIMESTAMP = re.compile(r"[0-9]{13}")


def is_timestamp(text: str) -> bool:
    """Tell whether the text is a time in epoch milliseconds of 13 digits."""
    return _TIMESTAMP.fullmatch(text) is not None


def require_timely(timestamp_ms: int, now_ms: int, timeout_s: int) -> int:
    """Return when a signature made at `timestamp_ms` expires; raises CredentialExpired when it does not count now."""
    expires_at = timestamp_ms + timeout_s * 1000
    if timestamp_ms - now_ms > FUTURE_SKEW_MS:
        raise CredentialExpired(
            "The timestamp of the signature lies in the future; set the caller's clock.", check=Check.FUTURE
        )
    if now_ms >= expires_at:
        raise CredentialExpired(
            f"The signature is older than {timeout_s} seconds; sign each call anew.", check=Check.EXPIRED
        )
    return expires_at
