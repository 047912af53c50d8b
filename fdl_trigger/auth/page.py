"""Page applications: only an id, because a page can keep no secret.

What protects them is the origin the browser vouches for, their narrow grants, and their rate. A program can forge an
origin, so grant a page application only what every reader of the page may do.
"""

from ..domain.applications import Application
from .credentials import Credentials
from .origins import normalise
from .proof import Check, Proof


class Page:
    """`client_id` alone, from one of the application's own origins."""

    fails_at = Check.ORIGIN

    def claims(self, credentials: Credentials) -> bool:
        """Tell whether the credentials are of this method."""
        return not (credentials.secret or credentials.signature or credentials.sm2_signature)

    def verify(self, application: Application, credentials: Credentials, now_ms: int) -> Proof | None:
        """Return the proof when the call comes from one of the application's origins."""
        is_own = bool(credentials.origin) and credentials.origin in map(normalise, application.origins)
        return Proof() if is_own else None
