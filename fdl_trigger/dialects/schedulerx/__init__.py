"""SchedulerX 2.0 of Alibaba Cloud: ExecuteJob and its siblings, version 2019-04-30 (docs/wire/schedulerx.md)."""

from ..base import Dialect, MountedDialect, Services
from .blueprint import SchedulerX


class _SchedulerX:
    def mount(self, services: Services) -> MountedDialect:
        """Build the dialect; `services.options` holds the section [schedulerx] of the settings."""
        return SchedulerX(services)


DIALECT: Dialect = _SchedulerX()
