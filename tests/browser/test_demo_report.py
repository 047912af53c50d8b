"""The demo report page in a real Chromium, on the real service: from the button to the rows."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from running_demo import RunningDemo

pytestmark = pytest.mark.browser
PATIENCE_MS = 30_000


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[RunningDemo]:
    with RunningDemo(tmp_path / ".demo", delay_s=0.05) as demo:
        yield demo


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complains about: script errors, refused resources."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda message: found.append(message.text) if message.type in ("error", "warning") else None)
    return found


def run_task(page: Page) -> None:
    """Click the button and wait for the success."""
    page.click("#run")
    expect(page.locator("#state")).not_to_have_attribute("data-state", "SUCCESS")
    expect(page.locator("#state")).to_have_attribute("data-state", "SUCCESS", timeout=PATIENCE_MS)


def test_the_button_runs_the_task_and_the_rows_appear(page: Page, demo: RunningDemo, complaints: list[str]) -> None:
    page.goto(f"{demo.url}/demo/")
    expect(page.locator("#empty")).to_be_visible()
    run_task(page)
    expect(page.locator("#rows-read")).to_have_text("1,707")
    expect(page.locator("#rows-inserted")).to_have_text("1,707")
    expect(page.locator("#rows-count")).to_have_text("1,707 rows")
    expect(page.locator("#rows tr")).to_have_count(15)
    expect(page.locator("#rows tr").first).to_contain_text("4km W of Castaic, CA")
    expect(page.locator("#fact-strongest")).to_have_text("M 6.4")
    assert complaints == []


def test_the_progress_is_seen_while_the_task_runs(page: Page, demo: RunningDemo) -> None:
    page.goto(f"{demo.url}/demo/")
    page.click("#run")
    expect(page.locator("#state")).to_have_text("Running")
    expect(page.locator("#run")).to_be_disabled()
    expect(page.locator("#pages")).to_have_text(re.compile(r"^([2-9]|1\d)$"))
    expect(page.locator("#state")).to_have_text("Succeeded", timeout=PATIENCE_MS)
    assert page.evaluate("document.getElementById('bar').value") == 1707


def test_the_chart_is_drawn(page: Page, demo: RunningDemo) -> None:
    demo.run_to_the_end()
    page.goto(f"{demo.url}/demo/")
    expect(page.locator("#chart canvas")).to_be_visible()
    painted = """canvas => {
        const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        return pixels.filter((value, index) => index % 4 === 3 && value > 0).length;
    }"""
    assert page.locator("#chart canvas").evaluate(painted) > 10_000
    page.hover("#chart .u-over")
    expect(page.locator("#chart .u-legend")).to_contain_text(re.compile(r"From2018-02-0\d .*Earthquakes\d+"))


def test_a_second_run_leaves_as_many_rows(page: Page, demo: RunningDemo) -> None:
    page.goto(f"{demo.url}/demo/")
    run_task(page)
    run_task(page)
    expect(page.locator("#rows-updated")).to_have_text("1,707")
    expect(page.locator("#rows-count")).to_have_text("1,707 rows")
    assert demo.total_rows() == 1707


def test_a_double_click_starts_one_run(page: Page, demo: RunningDemo) -> None:
    page.goto(f"{demo.url}/demo/")
    page.dblclick("#run")
    expect(page.locator("#state")).to_have_attribute("data-state", "SUCCESS", timeout=PATIENCE_MS)
    assert len(demo.post("fdl/workId/records", {"workId": demo.variables()["FDL_WORK_ID"]})["data"]) == 1


def test_the_table_has_pages(page: Page, demo: RunningDemo) -> None:
    demo.run_to_the_end()
    page.goto(f"{demo.url}/demo/")
    expect(page.locator("#page-number")).to_have_text("1 of 114")
    expect(page.locator("#previous")).to_be_disabled()
    page.click("#next")
    expect(page.locator("#page-number")).to_have_text("2 of 114")
    expect(page.locator("#rows tr")).to_have_count(15)


def test_the_page_speaks_chinese_and_remembers_it(page: Page, demo: RunningDemo) -> None:
    demo.run_to_the_end()
    page.goto(f"{demo.url}/demo/")
    page.click("[data-language=zh]")
    expect(page.locator("h1")).to_have_text("一周地震报表")
    expect(page.locator("#rows-count")).to_have_text("共 1,707 行")
    page.reload()
    expect(page.locator("#run")).to_have_text("运行任务")
    expect(page.locator("#state")).to_have_text("成功")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"


def test_a_page_opened_while_the_task_runs_follows_it(page: Page, demo: RunningDemo) -> None:
    demo.post("fdl/workId/execute", {"workId": demo.variables()["FDL_WORK_ID"]})
    page.goto(f"{demo.url}/demo/")
    expect(page.locator("#state")).to_have_text("Succeeded", timeout=PATIENCE_MS)
    expect(page.locator("#rows-count")).to_have_text("1,707 rows")


def test_a_run_is_terminated_from_the_page(page: Page, tmp_path: Path) -> None:
    with RunningDemo(tmp_path / ".demo", delay_s=1.0) as demo:
        page.goto(f"{demo.url}/demo/")
        page.click("#run")
        expect(page.locator("#state")).to_have_text("Running")
        page.click("#terminate")
        expect(page.locator("#state")).to_have_text("Terminated", timeout=PATIENCE_MS)
        expect(page.locator("#terminate")).to_be_hidden()
        expect(page.locator("#run")).to_be_enabled()
        expect(page.locator("#error")).to_be_hidden()
        assert demo.total_rows() < 1707


def test_a_server_that_is_down_is_said(page: Page, demo: RunningDemo) -> None:
    page.goto(f"{demo.url}/demo/")
    demo.stop()
    page.click("#run")
    expect(page.locator("#error-title")).to_have_text("The task could not be started")
    expect(page.locator("#error-text")).to_contain_text("No answer from")
    expect(page.locator("#run")).to_be_enabled()


def test_a_server_that_goes_down_during_the_run_is_said(page: Page, tmp_path: Path) -> None:
    with RunningDemo(tmp_path / ".demo", delay_s=1.0) as demo:
        page.goto(f"{demo.url}/demo/")
        page.click("#run")
        expect(page.locator("#state")).to_have_text("Running")
        demo.kill()
        expect(page.locator("#error-title")).to_have_text("The run can no longer be followed", timeout=PATIENCE_MS)


def test_a_run_that_fails_says_why(page: Page, tmp_path: Path) -> None:
    (tmp_path / ".demo" / "demo.db").mkdir(parents=True)  # a directory where the target's file belongs
    with RunningDemo(tmp_path / ".demo") as demo:
        page.goto(f"{demo.url}/demo/")
        expect(page.locator("#error-title")).to_have_text("The rows could not be loaded")
        page.click("#run")
        expect(page.locator("#state")).to_have_text(re.compile("Failed|Could not be built"), timeout=PATIENCE_MS)
        expect(page.locator("#error-title")).to_have_text("The task did not succeed")
        expect(page.locator("#error-text")).to_contain_text(re.compile("database|demo.db"))
        expect(page.locator("#run")).to_be_enabled()


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out_of_the_window(chromium: Browser, demo: RunningDemo, width: int) -> None:
    demo.run_to_the_end()
    context = chromium.new_context(viewport={"width": width, "height": 844}, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{demo.url}/demo/")
    expect(page.locator("#chart canvas")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    context.close()
