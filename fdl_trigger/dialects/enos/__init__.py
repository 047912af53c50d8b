"""EnOS Batch Data Processing v2.1: flows and their instances (docs/wire/enos.md)."""

from ..base import Dialect, MountedDialect, Services
from .blueprint import EnosPlatform


class _Enos:
    def mount(self, services: Services) -> MountedDialect:
        """Build the dialect; `services.options` holds the section [enos] of the settings."""
        return EnosPlatform(services)


DIALECT: Dialect = _Enos()
