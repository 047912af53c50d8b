"""docs/tasks.md names what the code reads."""

import re
from pathlib import Path

from fdl_trigger.domain.definition import _ControlSchema, _TaskSchema
from fdl_trigger.domain.parameters import ParameterType
from fdl_trigger.domain.states import Overlap, Priority

PAGE = (Path(__file__).parents[2] / "docs" / "tasks.md").read_text()


def _keys(schema) -> set[str]:
    return {field.data_key or name for name, field in schema().fields.items()}


def test_every_key_of_a_task_and_of_its_control_is_described() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE))
    assert (_keys(_TaskSchema) | _keys(_ControlSchema)) - {"expose"} <= named


def test_every_word_of_a_setting_is_named() -> None:
    words = {*ParameterType, *Priority, *Overlap}
    assert {word for word in words if f"`{word}`" not in PAGE} == set()
