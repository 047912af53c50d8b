"""Who calls: by token and signature, by a block for our key, or (if asked for) by any block (section 7)."""

from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network

from ...auth import enos
from ...auth.admission import Admission, Environ
from ...auth.enos_blocks import Blocks, as_block
from ...auth.enos_tokens import AccessTokens
from ...auth.proof import Check, Proof
from ...domain.applications import Application
from ...domain.errors import AuthenticationFailed
from ...domain.records import Principal
from .requests import Pairs

TOKEN, OWN_KEY, OPAQUE = "token", "ownkey", "opaque"


class Door:
    """Lets applications in by the modes that are switched on.

    `opaque` takes any well-formed block from `networks` as the application `opaque_application`: it proves nothing.
    """

    def __init__(
        self,
        admission: Admission,
        tokens: AccessTokens,
        blocks: Blocks,
        clock: Callable[[], int],
        modes: frozenset[str],
        opaque_application: str,
        networks: tuple[str, ...],
    ) -> None:
        self._admission = admission
        self._tokens = tokens
        self._blocks = blocks
        self._clock = clock
        self._modes = modes
        self._opaque_application = opaque_application
        self._networks = tuple(ip_network(one, strict=False) for one in networks)

    def admit(self, environ: Environ, pairs: Pairs, body: Callable[[], bytes]) -> Principal:
        """Return who calls; raises AuthenticationFailed and its kinds, RateLimited."""
        self._admission.expect(environ, "")
        text = str(environ.get("HTTP_APIM_ACCESSTOKEN", ""))
        if not text:
            raise AuthenticationFailed(check=Check.NO_CLIENT_ID)
        if environ.get("HTTP_APIM_SIGNATURE"):
            return self._by_signature(environ, text, pairs, body)
        return self._by_block(environ, text)

    def _by_signature(self, environ: Environ, text: str, pairs: Pairs, body: Callable[[], bytes]) -> Principal:
        self._require(TOKEN)
        token = self._tokens.read(text, self._clock())
        timestamp, given = _header(environ, "TIMESTAMP"), _header(environ, "SIGNATURE")
        covered = enos.signed_text(pairs, body())

        def verify(application: Application | None, now_ms: int) -> Proof:
            return enos.verify_signature(application, text, covered, timestamp, given, now_ms)

        return self._admission.admit_by(environ, token.client_id, verify)

    def _by_block(self, environ: Environ, text: str) -> Principal:
        try:
            return self._by_own_key(environ, text)
        except AuthenticationFailed:
            if not self._takes_anything(environ, text):
                raise
            return self._admission.admit_by(environ, self._opaque_application, _take)

    def _by_own_key(self, environ: Environ, text: str) -> Principal:
        self._require(OWN_KEY)
        app_key, secret = self._blocks.open(text)

        def verify(application: Application | None, now_ms: int) -> Proof:
            return enos.verify_secret(application, secret, now_ms)

        return self._admission.admit_by(environ, enos.application_id(app_key), verify)

    def _takes_anything(self, environ: Environ, text: str) -> bool:
        if OPAQUE not in self._modes:
            return False
        try:
            as_block(text)
            address = ip_address(str(environ.get("REMOTE_ADDR", "")))
        except ValueError:
            return False
        return any(address in network for network in self._networks)

    def _require(self, mode: str) -> None:
        if mode not in self._modes:
            raise AuthenticationFailed(check=Check.METHOD)


def _take(application: Application | None, now_ms: int) -> Proof:
    if application is None or not application.enabled:
        raise AuthenticationFailed(check=Check.UNKNOWN)
    return Proof()


def _header(environ: Mapping[str, object], name: str) -> str:
    return str(environ.get(f"HTTP_APIM_{name}", "")).strip()
