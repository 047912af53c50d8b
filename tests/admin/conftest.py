"""A desk to administer from."""

import pytest
from admin_desk import Desk

from fdl_trigger.config import Settings, StoreSettings
from fdl_trigger.runtime import Runtime
from fdl_trigger.web import create_app


@pytest.fixture
def desk(tmp_path):
    settings = Settings(store=StoreSettings(path=str(tmp_path / "admin.db")))
    with Runtime(settings, run_engine=False) as runtime:
        yield Desk(runtime, create_app(runtime))
