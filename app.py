"""WSGI entry: `application` for any WSGI server; `python app.py` is `fdl-trigger serve`.

Settings come from the environment (FDL_TRIGGER_CONFIG names a TOML file). Of several worker processes on one store,
the first runs the tasks; the others answer calls.
"""

import atexit
import functools
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

    from fdl_trigger.config import Settings
    from fdl_trigger.runtime import Runtime


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request; the first one starts the runtime."""
    return _build()(environ, start_response)


@functools.cache
def _build() -> "Flask":
    from fdl_trigger import logs
    from fdl_trigger.config import ENV_CONFIG, Settings
    from fdl_trigger.web import create_app

    path = os.environ.get(ENV_CONFIG)
    settings = Settings.load(Path(path) if path else None, os.environ)
    logs.configure(settings.log.level, settings.log.format)
    runtime = _started(settings)
    atexit.register(runtime.stop, settings.server.shutdown_grace_s)
    return create_app(runtime)


def _started(settings: "Settings") -> "Runtime":
    from fdl_trigger.domain.errors import StoreUnavailable
    from fdl_trigger.runtime import Runtime

    try:
        runtime = Runtime(settings)
        runtime.start()
    except StoreUnavailable:
        runtime = Runtime(settings, run_engine=False)
        runtime.start()
    return runtime


if __name__ == "__main__":
    from fdl_trigger.cli import main

    main(["serve"])
