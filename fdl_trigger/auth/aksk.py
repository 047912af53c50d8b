"""AK/SK direct authentication: the secret itself travels (finedatalink-open-platform.md section 8.3)."""

import hmac

from ..domain.records import Application
from .credentials import Credentials


class AkSk:
    """`client_id` and `secret`."""

    def claims(self, credentials: Credentials) -> bool:
        """Tell whether the credentials are of this method."""
        return bool(credentials.secret) and not credentials.signature

    def verify(self, application: Application, credentials: Credentials, now_ms: int) -> bool:
        """Tell whether the secret is the application's."""
        expected = (application.secret or "").encode()
        return hmac.compare_digest(expected, credentials.secret.encode(errors="replace")) and bool(expected)
