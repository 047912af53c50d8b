"""AK/SK direct authentication: the secret itself travels (finedatalink-open-platform.md section 8.3)."""

import hmac

from ..domain.applications import Application
from .credentials import Credentials
from .proof import Check, Proof


class AkSk:
    """`client_id` and `secret`."""

    fails_at = Check.SECRET

    def claims(self, credentials: Credentials) -> bool:
        """Tell whether the credentials are of this method."""
        return bool(credentials.secret)

    def verify(self, application: Application, credentials: Credentials, now_ms: int) -> Proof | None:
        """Return the proof when the secret is one of the application's."""
        given = credentials.secret.encode(errors="replace")
        found = None
        for key in application.keys:
            if hmac.compare_digest(key.secret.encode(), given) and key.is_live(now_ms) and key.secret:
                found = Proof(key.id)
        return found
