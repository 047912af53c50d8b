"""config.example.toml shows every setting, with its default and its help, in the order of the dataclasses."""

import tomllib
from pathlib import Path

from fdl_trigger.config import Settings, settings_fields

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


def test_the_example_holds_the_defaults():
    assert Settings.load(EXAMPLE, {}) == Settings()


def test_the_example_shows_every_setting_in_order():
    document = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    shown = [(section, key) for section, table in document.items() for key in table]
    assert shown == [(section, item.name) for section, item in settings_fields()]


def test_the_example_explains_every_setting_in_its_own_words():
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    for section, item in settings_fields():
        start = lines.index(f"[{section}]")
        at = next(index for index, line in enumerate(lines) if index > start and line.startswith(f"{item.name} = "))
        assert lines[at - 1] == f"# {item.metadata['help']}"
