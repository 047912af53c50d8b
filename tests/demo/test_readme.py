"""The README's commands run as printed."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from running_demo import RunningDemo

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SHELL_BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)


def _shell(script: str, directory: Path, **more: str) -> str:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **more}
    done = subprocess.run(
        ["sh", "-eu", "-c", script], cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_curl_lines_run_the_demo_task_and_find_its_rows(tmp_path: Path) -> None:
    (block,) = [block for block in SHELL_BLOCKS if "FDL_BASE" in block]
    with RunningDemo(tmp_path / ".demo"):
        answers = _shell(block.replace("curl -sS", "echo; curl -sS"), tmp_path).split("\n")
    run, records, stopped = [json.loads(line) for line in answers if line.startswith("{")]
    assert (run["data"]["taskStatus"], run["data"]["readRows"]) == ("SUCCESS", 1707)
    assert [record["recordId"] for record in records["data"]] == [run["data"]["recordId"]]
    assert "no running or waiting instance" in stopped["errorMsg"]


def test_the_task_file_and_the_commands_beside_it_work(tmp_path: Path) -> None:
    (tmp_path / "orders.toml").write_text(re.search(r"```toml\n(.*?)```", README, re.DOTALL)[1])
    (block,) = [block for block in SHELL_BLOCKS if "tasks check" in block]
    commands = [line for line in block.splitlines() if line.startswith("fdl-trigger") and " serve" not in line]
    *before, run = commands
    out = _shell("\n".join(before), tmp_path, SHOP_TOKEN="canary")
    assert "published as version 1" in out
    assert "client_id: " in out
    with pytest.raises(AssertionError, match="cannot be resolved"):  # the shop of the example does not exist
        _shell(run, tmp_path)


def test_the_python_example_runs_as_it_stands() -> None:
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    names = re.findall(r"from (fdl_trigger[.\w]*) import (\w+)", code)
    assert names
    for module, name in names:
        assert hasattr(__import__(module, fromlist=[name]), name)
    compile(code, "README.md", "exec")


def test_every_page_the_readme_names_is_there() -> None:
    pages = re.findall(r"\]\(([\w./-]+)\)", README)
    assert [page for page in pages if not (ROOT / page).exists()] == []
