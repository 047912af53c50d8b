"""The platform the tests of this room talk to."""

import dataclasses

import pytest
from fdl_platform import HandTurnedClock, Platform
from sx_service import Service

from fdl_trigger.config import (
    FineDataLinkSettings,
    LimitSettings,
    LoginSettings,
    ServerSettings,
    Settings,
    StoreSettings,
)
from fdl_trigger.config.settings import SchedulerXSettings
from fdl_trigger.runtime import Runtime
from fdl_trigger.web import create_app


@pytest.fixture
def clock() -> HandTurnedClock:
    return HandTurnedClock()


@pytest.fixture
def build(tmp_path, clock):
    """Build a platform with settings of its own: build(finedatalink={...}, server={...}, limits={...})."""
    opened = []

    def build(finedatalink=None, server=None, limits=None, login=None, clock=clock) -> Platform:
        settings = Settings(
            server=dataclasses.replace(ServerSettings(), **(server or {})),
            finedatalink=dataclasses.replace(FineDataLinkSettings(), **(finedatalink or {})),
            login=dataclasses.replace(LoginSettings(), **(login or {})),
            limits=dataclasses.replace(LimitSettings(), **(limits or {})),
            store=StoreSettings(path=str(tmp_path / f"store-{len(opened)}.db")),
        )
        runtime = Runtime(settings, clock=clock, run_engine=False)
        runtime.start()
        opened.append(runtime)
        return Platform(runtime, create_app(runtime, clock=clock), clock)

    yield build
    for runtime in opened:
        runtime.stop()


@pytest.fixture
def platform(build) -> Platform:
    return build()


@pytest.fixture
def build_schedulerx(tmp_path, clock):
    """Build a SchedulerX service: build_schedulerx(schedulerx={...}, limits={...}, clock=...)."""
    opened = []

    def build(schedulerx=None, limits=None, clock=clock, store=None, **sections) -> Service:
        settings = Settings(
            schedulerx=dataclasses.replace(SchedulerXSettings(), **(schedulerx or {})),
            limits=dataclasses.replace(LimitSettings(), **(limits or {})),
            store=StoreSettings(path=str(store or tmp_path / f"schedulerx-{len(opened)}.db")),
            **sections,
        )
        runtime = Runtime(settings, clock=clock, run_engine=False)
        runtime.start()
        opened.append(runtime)
        return Service(runtime, create_app(runtime, clock=clock), clock)

    yield build
    for runtime in opened:
        runtime.stop()


@pytest.fixture
def schedulerx(build_schedulerx) -> Service:
    return build_schedulerx()
