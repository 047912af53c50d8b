"""FineDataLink's open platform: the scheduled-task calls (docs/wire/finedatalink.md)."""

from ..base import Dialect, MountedDialect, Services
from .blueprint import OpenPlatform


class _FineDataLink:
    def mount(self, services: Services) -> MountedDialect:
        """Build the open platform; `services.options` holds the section [finedatalink] of the settings."""
        return OpenPlatform(services)


DIALECT: Dialect = _FineDataLink()
