"""Page applications: only an id, because a page can keep no secret.

What protects them is the origin the browser vouches for, their narrow grants, and their rate. A program can forge an
origin, so grant a page application only what every reader of the page may do.
"""

from ..domain.records import Application
from .credentials import Credentials
from .origins import normalise


class Page:
    """`client_id` alone, from one of the application's own origins."""

    def claims(self, credentials: Credentials) -> bool:
        """Tell whether the credentials are of this method."""
        return not credentials.secret and not credentials.signature

    def verify(self, application: Application, credentials: Credentials, now_ms: int) -> bool:
        """Tell whether the call comes from one of the application's origins."""
        return bool(credentials.origin) and credentials.origin in map(normalise, application.origins)
