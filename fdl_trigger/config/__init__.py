"""Settings: defaults, then a TOML file, then the environment; every mistake is reported at once."""

from .problems import ConfigError, Problem
from .reading import ENV_CONFIG, ENV_PREFIX
from .settings import (
    EngineSettings,
    EnosSettings,
    FineDataLinkSettings,
    InstanceSettings,
    LimitSettings,
    LoginSettings,
    LogSettings,
    OutgoingSettings,
    ServerSettings,
    Settings,
    StoreSettings,
    settings_fields,
)

__all__ = [
    "ENV_CONFIG",
    "ENV_PREFIX",
    "ConfigError",
    "EngineSettings",
    "EnosSettings",
    "FineDataLinkSettings",
    "InstanceSettings",
    "LimitSettings",
    "LogSettings",
    "LoginSettings",
    "OutgoingSettings",
    "Problem",
    "ServerSettings",
    "Settings",
    "StoreSettings",
    "settings_fields",
]
