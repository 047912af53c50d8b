"""The demo as a person starts it: one process, its output, its files, its calls."""

import json
import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from running_demo import RunningDemo, free_port, start_process


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    with RunningDemo(tmp_path_factory.mktemp("demo") / ".demo") as demo:
        yield demo


def pasted(line: str) -> dict[str, Any]:
    """Run a printed command as it stands and return the envelope it prints."""
    output = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True, timeout=60)
    envelope: dict[str, Any] = json.loads(output.stdout)
    return envelope


def test_the_real_rows_arrive_and_a_second_run_leaves_as_many(demo: RunningDemo) -> None:
    first = demo.run_to_the_end()
    assert first["taskStatus"] == "SUCCESS"
    assert (first["readRows"], first["insertedRows"] + first["updatedRows"], first["dirtyDataNum"]) == (1707, 1707, 0)
    assert demo.total_rows() == 1707
    second = demo.run_to_the_end()
    assert (second["taskStatus"], second["insertedRows"], second["updatedRows"]) == ("SUCCESS", 0, 1707)
    assert demo.total_rows() == 1707


def test_the_rows_are_those_of_the_feed(demo: RunningDemo) -> None:
    demo.run_to_the_end()
    feed = json.loads((Path(__file__).parents[2] / "fdl_trigger/demo/data/usgs-earthquakes-week.json").read_text())
    expected = {(event["net"], event["code"]): event for event in (one["properties"] for one in feed["features"])}
    with closing(sqlite3.connect(demo.directory / "demo.db")) as connection:
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute("SELECT * FROM earthquakes")]
    assert {(row["net"], row["code"]): row for row in rows} == expected


def test_the_printed_lines_run_as_printed(demo: RunningDemo) -> None:
    trigger, status, terminate = demo.curl_lines
    started = pasted(trigger)
    assert started["errorCode"] is None
    latest = pasted(status)["data"]
    assert [record["recordId"] for record in latest] == [started["data"]["recordId"]]
    stopped = pasted(terminate)
    assert stopped["errorCode"] is None or "no running" in stopped["errorMsg"]


def test_everything_a_person_needs_is_printed(demo: RunningDemo) -> None:
    text = "\n".join(demo.printed)
    known = demo.variables()
    assert f"{demo.url}/demo/" in text
    assert known["FDL_BASE"] == f"{demo.url}/webroot/decision"
    for value in known.values():
        assert value in text


def test_only_the_owner_can_read_the_credentials(demo: RunningDemo) -> None:
    assert stat.S_IMODE((demo.directory / "credentials.env").stat().st_mode) == 0o600
    assert stat.S_IMODE(demo.directory.stat().st_mode) == 0o700


def test_the_page_names_no_secret(demo: RunningDemo) -> None:
    with urlopen(f"{demo.url}/demo/", timeout=10) as answer:
        page = answer.read().decode()
        policy = answer.headers["Content-Security-Policy"]
    assert demo.variables()["FDL_SECRET"] not in page
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_a_second_start_in_the_same_place_says_so(demo: RunningDemo) -> None:
    process = start_process(free_port(), demo.directory)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "already running" in errors
    assert f"{demo.url}/demo/" in errors
    assert "Traceback" not in errors


def test_a_start_on_a_port_in_use_says_so_and_leaves_nothing_behind(demo: RunningDemo, tmp_path: Path) -> None:
    process = start_process(demo.port, tmp_path / "another")
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert f"Port {demo.port} cannot be used" in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "another" / "credentials.env").exists()


def test_a_later_start_continues_with_the_same_credentials_and_rows(tmp_path: Path) -> None:
    with RunningDemo(tmp_path / ".demo") as first:
        known = first.variables()
        first.run_to_the_end()
        assert first.stop() == (0, "")
    with RunningDemo(tmp_path / ".demo", port=first.port) as again:
        assert again.variables() == known
        assert again.total_rows() == 1707
        assert again.run_to_the_end()["taskStatus"] == "SUCCESS"
        assert again.total_rows() == 1707


def test_two_installations_share_no_credentials(demo: RunningDemo, tmp_path: Path) -> None:
    with RunningDemo(tmp_path / ".demo") as other:
        mine, theirs = demo.variables(), other.variables()
    for name in ("FDL_CLIENT_ID", "FDL_SECRET", "FDL_WORK_ID"):
        assert mine[name] != theirs[name]
