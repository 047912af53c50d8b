"""`fdl-trigger audit`: list, verify, head, why."""

import re
import sqlite3
from contextlib import closing

import pytest


@pytest.fixture
def lived(cli):
    """A store in which five things were done."""
    for number in range(4):
        cli.run("apps", "create", f"app{number}")
    cli.run("apps", "disable", "app0")
    return cli


def change(cli, statement):
    with closing(sqlite3.connect(cli.store)) as connection, connection:
        connection.execute(statement)


def test_list_shows_who_did_what_newest_first(lived):
    lines = lived.run("audit", "list").stdout.splitlines()
    assert re.match(r"NUMBER +TIME +WHO +WHAT +TARGET", lines[0])
    assert re.match(r"5 .*local +application\.disable +app0 +done", lines[1])
    assert len(lines) == 6


def test_list_is_paged_and_filtered(lived):
    lines = lived.run("audit", "list", "--limit", "2", "--before", "4").stdout.splitlines()[1:]
    assert [line.split()[0] for line in lines] == ["3", "2"]
    assert len(lived.run("audit", "list", "--actor", "nobody").stdout.splitlines()) == 1


def test_verify_prints_the_length_and_the_head(lived):
    entries, head = re.fullmatch(r"entries: (\d+)\nhead: (\w{64})\n", lived.run("audit", "verify").stdout).groups()
    assert entries == "5"
    assert lived.run("audit", "head").stdout == f"5 {head}\n"


def test_an_empty_log_is_sound(cli):
    assert "entries: 0" in cli.run("audit", "verify").stdout
    assert cli.run("audit", "head").stdout == f"0 {'0' * 64}\n"


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit SET actor = 'somebody else' WHERE id = 3", 3),
        ("DELETE FROM audit WHERE id = 2", 3),
        ("UPDATE audit SET details = '{}' WHERE id = 1", 1),
    ],
)
def test_verify_names_the_first_broken_entry(lived, statement, broken):
    change(lived, statement)
    assert f"entry {broken} breaks the chain" in lived.run("audit", "verify", exit_code=1).stderr


def test_a_cut_off_end_is_noticed_by_a_noted_head(lived):
    noted = lived.run("audit", "head").stdout.split()[1]
    assert "entries: 5" in lived.run("audit", "verify", "--noted", noted).stdout
    change(lived, "DELETE FROM audit WHERE id = 5")
    assert "entries: 4" in lived.run("audit", "verify").stdout
    assert "cut off or rewritten" in lived.run("audit", "verify", "--noted", noted, exit_code=1).stderr


def test_why_of_an_unknown_request_says_so(lived):
    assert "no entry belongs to the request 'nope'" in lived.run("audit", "why", "nope", exit_code=1).stderr


def test_why_shows_a_request_whole(lived):
    from fdl_trigger.config import Settings, StoreSettings
    from fdl_trigger.domain.audit import AuditEntry, Outcome
    from fdl_trigger.runtime import Runtime

    details = {"a": 1, "diagnosis": {"skew_ms": 5}}
    entry = AuditEntry(
        "\x1b[2Jevil", "call.refused", "/fdl", Outcome.REFUSED, "wrong secret", "10.0.0.7", "r-1", details
    )
    with Runtime(Settings(store=StoreSettings(path=str(lived.store))), run_engine=False) as runtime:
        runtime.store.audit.record(entry)
    text = lived.run("audit", "why", "r-1").stdout
    for line in ("from 10.0.0.7", "call.refused /fdl", "refused: wrong secret", "  a: 1", "  diagnosis.skew_ms: 5"):
        assert line in text
    assert "\x1b" not in text + lived.run("audit", "list").stdout
