"""Self-hosted task triggers over HTTP: FineDataLink open-platform calls that really run tasks."""

from .domain.functions import task

__all__ = ["__version__", "task"]
__version__ = "0.1.0"
