"""A real Chromium, and small real HTTP servers for it to talk to."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from scripted_service import ScriptedService

sys.path.append(str(Path(__file__).parents[1] / "demo"))  # running_demo serves both directories

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium; scripts/browser installs it where it is missing."""
    path = shutil.which("chromium")
    assert path, "Chromium is missing: run scripts/browser"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A fresh page that speaks English."""
    context = chromium.new_context(locale="en-US")
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


@pytest.fixture
def service() -> Iterator[ScriptedService]:
    """A service whose answers the test decides."""
    with ScriptedService() as service:
        yield service


@pytest.fixture
def elsewhere() -> Iterator[ScriptedService]:
    """Another origin, to load pages from."""
    with ScriptedService() as service:
        yield service
