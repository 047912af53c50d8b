"""EnOS access tokens: issued, refreshed, read. They carry their own proof, so that nothing has to be kept."""

import base64
import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass

from ..domain.errors import TokenExpired, TokenInvalid

LIFE_S = 7200
_PURPOSE = b"enos access token"
_MAC_LENGTH = 32


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token with the application it is for and its end in UTC epoch milliseconds."""

    text: str
    client_id: str
    expires_at: int

    def seconds_left(self, now_ms: int) -> int:
        """Return how many whole seconds it still counts."""
        return max(0, (self.expires_at - now_ms) // 1000)


class AccessTokens:
    """Tokens under a key of this installation, which `key` returns.

    Whoever asks again gets the same token while it counts; that much is kept in memory, so that after a restart it is
    another one, and the earlier one still counts.
    """

    def __init__(self, key: Callable[[], bytes]) -> None:
        self._key = key
        self._last: dict[str, AccessToken] = {}
        self._lock = threading.Lock()

    def get(self, client_id: str, now_ms: int) -> AccessToken:
        """Return the application's token, a new one when the last has ended."""
        with self._lock:
            last = self._last.get(client_id)
        return last if last is not None and last.expires_at > now_ms else self.renew(client_id, now_ms)

    def renew(self, client_id: str, now_ms: int) -> AccessToken:
        """Return a new token; earlier ones count to their own end."""
        expires_at = now_ms + LIFE_S * 1000
        head = f"{client_id}.{expires_at}.{secrets.token_hex(8)}"
        text = base64.urlsafe_b64encode(f"{head}.{self._mac(head)}".encode()).decode().rstrip("=")
        token = AccessToken(text, client_id, expires_at)
        with self._lock:
            self._last[client_id] = token
        return token

    def read(self, text: str, now_ms: int) -> AccessToken:
        """Return what a token says; raises TokenInvalid for one that is not ours, TokenExpired."""
        head, _, mac = _decoded(text).rpartition(".")
        if not hmac.compare_digest(self._mac(head).encode(), mac.encode(errors="replace")):
            raise TokenInvalid
        client_id, expires_at, _ = head.split(".")
        if int(expires_at) <= now_ms:
            raise TokenExpired
        return AccessToken(text, client_id, int(expires_at))

    def _mac(self, head: str) -> str:
        key = hmac.digest(self._key(), _PURPOSE, "sha256")
        return hmac.digest(key, head.encode(errors="replace"), "sha256").hex()[:_MAC_LENGTH]


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True).decode()
    except ValueError:
        return ""
