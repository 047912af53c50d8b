"""The parameters of an action as values: every one is text on the wire."""

import re
from collections.abc import Mapping

from ...domain.errors import InvalidParameter

LARGEST = 2**63 - 1
_WHOLE = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_WORDS = {"true": True, "false": False, "1": True, "0": False}


def invalid(name: str, reason: str) -> InvalidParameter:
    """Return the error for a value that cannot be read."""
    return InvalidParameter(f"The specified parameter {name} is not valid: {reason}", aliyun=f"Invalid{name}")


class Arguments:
    """Reads parameters by name; an empty one counts as not given. Raises InvalidParameter naming the parameter."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str, default: str = "") -> str:
        """Return a text."""
        return self._values.get(name) or default

    def required(self, name: str) -> str:
        """Return a text that must be given."""
        value = self._values.get(name)
        if not value:
            raise InvalidParameter(f"{name} is mandatory for this action.", aliyun=f"Missing{name}")
        return value

    def whole(self, name: str, low: int = 0, high: int = LARGEST) -> int | None:
        """Return a whole number from `low` to `high`, or None when it is not given."""
        text = self._values.get(name)
        if not text:
            return None
        if not _WHOLE.fullmatch(text.strip()) or not low <= int(text) <= high:
            raise invalid(name, f"write a whole number from {low} to {high}.")
        return int(text)

    def required_whole(self, name: str, low: int = 0, high: int = LARGEST) -> int:
        """Return a whole number that must be given."""
        self.required(name)
        return self.whole(name, low, high) or 0

    def flag(self, name: str, default: bool) -> bool:
        """Return true or false, in any spelling of the SDKs (`True`, `true`)."""
        text = self._values.get(name)
        if not text:
            return default
        if text.strip().lower() not in _WORDS:
            raise invalid(name, "write true or false.")
        return _WORDS[text.strip().lower()]

    def wholes(self, name: str) -> list[int]:
        """Return the numbers `<name>.1`, `<name>.2` and so on, in the order of their places; at least one."""
        pattern = re.compile(rf"{name}\.(\d{{1,6}})", re.ASCII)
        places = sorted((int(found[1]), key) for key in self._values if (found := pattern.fullmatch(key)))
        if not places:
            raise InvalidParameter(f"{name} is mandatory for this action.", aliyun=f"Missing{name}")
        return [self.required_whole(key) for _, key in places]
