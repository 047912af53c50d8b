"""Applications: who may call from outside, and the keys they prove it with."""

from dataclasses import dataclass, field

from .records import Grant


@dataclass(frozen=True, slots=True)
class ApplicationKey:
    """What an application proves itself with: a secret in clear, or (method sm2) its public key, 128 hex digits.

    Times are UTC epoch milliseconds; `expires_at` None means never.
    """

    secret: str = field(repr=False)
    id: int = 0
    created_at: int = 0
    expires_at: int | None = None
    last_used_at: int | None = None
    disabled: bool = False

    def is_live(self, now_ms: int) -> bool:
        """Tell whether the key lets in at `now_ms`."""
        return not self.disabled and (self.expires_at is None or now_ms < self.expires_at)


@dataclass(frozen=True, slots=True)
class Application:
    """Who may call from outside. Its secrets are in clear only in memory; a page application has none.

    `digest_timeout_s` is the life of its signatures in seconds (digest and sm2). With `once` a used signature is
    refused; with `bound` an SM2 signature covers the request. `operators` are the users it may name as `decUser`;
    empty means any.
    """

    id: int
    client_id: str
    name: str
    method: str  # a key of AUTHENTICATORS: aksk, digest, sm2, page
    digest_algorithm: str = "MD5"
    digest_timeout_s: int = 300
    rate: str | None = None
    origins: tuple[str, ...] = ()
    enabled: bool = True
    grants: tuple[Grant, ...] = ()
    created_at: int = 0
    keys: tuple[ApplicationKey, ...] = ()
    once: bool = False
    bound: bool = False
    operators: tuple[str, ...] = ()

    def live_keys(self, now_ms: int) -> tuple[ApplicationKey, ...]:
        """Return the keys that let in at `now_ms` (UTC epoch milliseconds), oldest first."""
        return tuple(key for key in self.keys if key.is_live(now_ms))

    @property
    def secret(self) -> str | None:
        """The newest secret that is not disabled; None where nothing secret is kept (page, sm2)."""
        return None if self.method == "sm2" else self._newest

    @property
    def public_key(self) -> str | None:
        """The newest SM2 public key that is not disabled, as 128 hexadecimal digits."""
        return self._newest if self.method == "sm2" else None

    @property
    def _newest(self) -> str | None:
        return next((key.secret for key in reversed(self.keys) if not key.disabled), None)
