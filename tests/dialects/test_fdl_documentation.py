"""docs/wire/finedatalink.md says what the code does."""

import re
from pathlib import Path

import pytest
from fdl_platform import ROOT

from fdl_trigger.dialects.finedatalink.errors import ERRORS
from fdl_trigger.dialects.finedatalink.operations import EXTENSIONS, OPERATIONS
from fdl_trigger.dialects.finedatalink.words import STATUS_FILTERS
from fdl_trigger.domain.errors import error_codes

TEXT = (Path(__file__).parents[2] / "docs" / "wire" / "finedatalink.md").read_text(encoding="utf-8")


def rows(cells):
    return [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in TEXT.splitlines()
        if line.startswith("|") and line.count("|") == cells + 1
    ]


def test_the_table_of_errors_is_the_codes():
    told = {row[1].strip("`"): row for row in rows(4) if re.fullmatch(r"`\d{8}`", row[0])}
    assert set(told) == set(ERRORS)
    for code, wire in ERRORS.items():
        status = f"200 ({wire.status})" if wire.is_business else str(wire.status)
        text = (error_codes()[code].__doc__ or "").strip()
        assert told[code] == (f"`{wire.error_code}`", f"`{code}`", status, text)


def test_the_table_of_operations_is_the_codes():
    told = [row for row in rows(6) if row[0].isdecimal()]
    for row, wire in zip(told, OPERATIONS, strict=True):
        assert row[1:5] == (wire.summary, f"`{wire.operation}`", f"`{wire.key}`", ", ".join(wire.methods))
        assert re.findall("`([^`]+)`", row[5]) == list(wire.paths)


def test_every_status_word_is_explained():
    assert all(f"`{word}`" in TEXT for word in STATUS_FILTERS)


@pytest.mark.parametrize("command", re.findall(r"^curl (?:.*\\\n)*.*$", TEXT, re.MULTILINE))
def test_a_documented_command_calls_what_exists(platform, command):
    path = re.search(r"\$FDL_BASE/sp/client/api(/[\w/]+)", command)[1]
    method = "POST" if "-X POST" in command else "GET"
    assert any(path in wire.paths and method in wire.methods for wire in (*OPERATIONS, *EXTENSIONS))
    assert platform.send(method, ROOT + path, json={}).status == 200
