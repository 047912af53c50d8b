"""The keys of this installation itself, for tokens it issues and for what is encrypted for it."""

from collections.abc import Callable

from ..store.store import Store


class OwnKeys:
    """Made at first use, kept encrypted in the store, never shown."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def signing_key(self) -> bytes:
        """Return the key that signs this installation's tokens."""
        return self._store.tokens.signing_key()

    def private_key(self, purpose: str, make: Callable[[], bytes]) -> bytes:
        """Return the private key of a purpose as DER; `make` makes it when there is none yet."""
        return self._store.key_pairs.private_key(purpose, make)
