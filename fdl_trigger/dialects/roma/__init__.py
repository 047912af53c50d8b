"""ROMA Connect: scheduled API calls, and the schedules of its data integration (docs/wire/roma.md)."""

from ..base import Dialect, MountedDialect, Services
from .blueprint import RomaConnect


class _Roma:
    def mount(self, services: Services) -> MountedDialect:
        """Build the dialect; `services.options` holds the section [roma] of the settings."""
        return RomaConnect(services)


DIALECT: Dialect = _Roma()
