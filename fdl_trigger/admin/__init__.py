"""The JSON admin API under /api/admin: applications, users, tokens, tasks, connections and the audit log."""

from .api import PREFIX, Admin
from .documentation import mount_documentation
from .services import AdminServices

__all__ = ["PREFIX", "Admin", "AdminServices", "mount_documentation"]
