"""Self-hosted task triggers over HTTP: FineDataLink open-platform calls that really run tasks."""

__version__ = "0.1.0"
