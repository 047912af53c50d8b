"""Rules of the house that no type checker knows."""

import re
import subprocess
from pathlib import Path

import pytest

from fdl_trigger.domain.errors import TriggerError, error_codes
from fdl_trigger.domain.states import Reason, State

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "fdl_trigger"
SOURCES = sorted(PACKAGE.rglob("*.py"))


def _tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def test_the_state_of_an_instance_changes_only_in_the_state_machine() -> None:
    allowed = {PACKAGE / "store" / f"{name}.py" for name in ("instances", "recovery", "statements")}
    pattern = re.compile(r"UPDATE\s+instance\b.*?\bSET\b|\.state\s*=\s*[A-Za-z]", re.IGNORECASE | re.DOTALL)
    guilty = [
        str(path.relative_to(ROOT)) for path in SOURCES if path not in allowed and pattern.search(path.read_text())
    ]
    assert guilty == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_is_one_noun_of_at_most_300_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


def test_every_module_says_what_it_is() -> None:
    silent = [str(path.relative_to(ROOT)) for path in SOURCES if not path.read_text().startswith('"""')]
    assert silent == []


def test_nothing_is_left_open_and_no_exception_is_swallowed() -> None:
    marks = re.compile(
        r"NotImplementedError|\bTODO\b|\bFIXME\b|\bXXX\b|except( Exception| BaseException)?:\s*\n\s*pass"
    )
    guilty = [str(path.relative_to(ROOT)) for path in SOURCES if marks.search(path.read_text())]
    assert guilty == []


def test_errors_form_a_table_of_stable_codes_with_a_message_each() -> None:
    codes = error_codes()
    assert len(codes) == len({error.__doc__ for error in codes.values()})
    assert all(re.fullmatch("[a-z_]+", code) for code in codes)
    assert all(
        str(error()) == (error.__doc__ or "").strip() for error in codes.values() if issubclass(error, TriggerError)
    )


def test_the_state_machine_page_names_every_state_and_reason() -> None:
    page = (ROOT / "docs" / "state-machine.md").read_text()
    missing = [word for word in [*State, *Reason] if f"`{word.value}`" not in page]
    assert missing == []


def test_no_tracked_text_names_a_path_of_the_machine_it_was_written_on() -> None:
    pattern = re.compile(
        r"(?<![\w.])/(?:root|home/\w+|tmp/v)/|(?:^|[^a-zA-Z0-9])/(?:wor" + r"k|far" + r"m)/(?!\{)", re.MULTILINE
    )
    guilty = []
    for path in _tracked():
        if path.suffix in {".py", ".md", ".toml", ".js", ".css", ".html", ".sh", ""} and "vendor" not in path.parts:
            found = pattern.search(path.read_text(encoding="utf-8").replace("/fdl/work/", "/fdl/w/"))
            if found:
                guilty.append(f"{path.relative_to(ROOT)}: {found[0].strip()}")
    assert guilty == []
