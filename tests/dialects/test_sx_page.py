"""docs/wire/schedulerx.md against the code, and its examples run as they stand."""

import os
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from test_sx_sdks import SDKS, House, house  # noqa: F401 - a fixture

from fdl_trigger.dialects.schedulerx.actions import actions_of
from fdl_trigger.dialects.schedulerx.errors import ERRORS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "wire" / "schedulerx.md").read_text(encoding="utf-8")


def test_the_page_names_every_action_with_its_grant() -> None:
    section = PAGE.partition("## Actions")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| `")]
    told = {name: grant.strip(" `") for names, grant in rows for name in re.findall(r"`(\w+)`", names)}
    actions = actions_of(SimpleNamespace(exposure=None, instances=None))
    assert told == {name: action.operation.value for name, action in actions.items()}


def test_the_page_names_every_code() -> None:
    words = {error.code for error in ERRORS.values() if isinstance(error.code, str)}
    never_sent = {"MissingSecurityToken", "InvalidSecurityToken.Expired", "InvalidSecurityToken.Malformed"}
    assert [word for word in words - never_sent if f"`{word}`" not in PAGE] == []


@pytest.mark.parametrize("number", [0, 1, 2], ids=["tea", "classic", "pop-core"])
def test_an_example_of_the_page_runs(house: House, number: int, tmp_path: Path) -> None:  # noqa: F811
    text = re.findall(r"```(?:python|js)\n(.*?)```", PAGE, re.DOTALL)[number].replace("127.0.0.1:8068", house.endpoint)
    application = house.service.application
    environ = {
        **os.environ,
        "AK": application.client_id,
        "SK": application.secret or "",
        "JOB_ID": str(house.service.task.id),
        "NODE_PATH": str(SDKS / "pop-core" / "node_modules"),
    }
    program = tmp_path / "example"
    program.write_text(text, encoding="utf-8")
    commands = [str(SDKS / "tea" / "bin" / "python"), str(SDKS / "classic" / "bin" / "python"), "node"]
    done = subprocess.run(
        [commands[number], program], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert re.search(r"\d", done.stdout), done.stdout
