"""One running service for the whole matrix, without its engine and without rate limits."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from access_house import House

from fdl_trigger.config import Settings, StoreSettings
from fdl_trigger.runtime import Runtime
from fdl_trigger.web import create_app


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    defaults = Settings()
    path: Path = tmp_path_factory.mktemp("access") / "store.db"
    settings = replace(
        defaults,
        store=StoreSettings(path=str(path)),
        finedatalink=replace(defaults.finedatalink, wait_max_s=0.0, business_http_status=True),
        limits=replace(defaults.limits, page_rate="", failed_logins=""),
    )
    with Runtime(settings, run_engine=False) as runtime:
        yield House(runtime, create_app(runtime))
