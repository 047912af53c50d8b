"""`InstanceParameters`: one free text on this wire, named values of a task here.

A task with a parameter `instanceParameters` gets the text in it, as it is. For other tasks the members of a JSON object
are values for the parameters of the same names; any other text is only kept with the instance.
"""

import json
from collections.abc import Mapping
from typing import Any

WHOLE_TEXT = "instanceParameters"
_LONGEST_NAME = 64


def takes_whole(document: Mapping[str, Any] | None) -> bool:
    """Tell whether the task with this definition document has a parameter for the whole text."""
    return any(one.get("name") == WHOLE_TEXT for one in (document or {}).get("params") or ())


def read_parameters(text: str, *, whole: bool) -> dict[str, Any]:
    """Return the values a text holds; with `whole` it is one value."""
    if not text:
        return {}
    if whole:
        return {WHOLE_TEXT: text}
    try:
        found = json.loads(text, parse_constant=_refuse)
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):  # no JSON, or none that could be kept
        return {WHOLE_TEXT: text}
    if not isinstance(found, dict) or not all(0 < len(name) <= _LONGEST_NAME for name in found):
        return {WHOLE_TEXT: text}
    return found


def write_parameters(params: Mapping[str, Any]) -> str:
    """Return the text for the values of an instance; sealed values are masked."""
    shown = {name: "******" if _is_sealed(value) else value for name, value in params.items()}
    whole = shown.get(WHOLE_TEXT)
    if len(shown) == 1 and isinstance(whole, str):
        return whole
    return json.dumps(shown, ensure_ascii=False) if shown else ""


def _is_sealed(value: object) -> bool:
    return isinstance(value, dict) and "$sealed" in value


def _refuse(word: str) -> Any:
    raise ValueError(word)
