"""The page that shows the API: it works under its content security policy and asks nobody else."""

from dataclasses import replace

import pytest

from fdl_trigger.config import ServerSettings, Settings, StoreSettings
from fdl_trigger.runtime import Runtime
from fdl_trigger.server import Server
from fdl_trigger.web import create_app

pytestmark = pytest.mark.browser


@pytest.fixture
def url(tmp_path):
    server = replace(ServerSettings(), port=0, threads=4)
    settings = Settings(server=server, store=StoreSettings(path=str(tmp_path / "docs.db")))
    with Runtime(settings, run_engine=False) as runtime, Server(create_app(runtime), server) as running:
        yield running.url


def test_the_page_lists_every_part_and_loads_nothing_from_elsewhere(page, url):
    complaints, foreign = [], []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request", lambda request: foreign.append(request.url) if not request.url.startswith((url, "data:")) else None
    )
    page.goto(f"{url}/docs")
    page.wait_for_selector("text=FineDataLink")
    for part in ("admin-applications", "admin-users", "admin-audit"):
        page.wait_for_selector(f"#operations-tag-{part}")
    page.click("#operations-tag-admin-audit")
    page.wait_for_selector("text=Walk the whole chain of the audit log")
    assert foreign == []
    assert complaints == []
