"""Ids on this wire: `<flow>-<minute>` for instances, `<task>-<minute>` for those of tasks (enos-flows.md section 4).

Instances that others started have no minute of their own; theirs is a 0 and the instance's number, which no time
after the year 1000 looks like.
"""

import re
from datetime import UTC, datetime
from typing import NamedTuple

from ...domain.records import Instance

_KEY = "enos:"
_ID = re.compile(r"(\d{1,15})-(\d{10,14})", re.ASCII)
_NUMBER_LENGTH = 14
LATEST_MS = 253_402_300_799_999  # 9999-12-31: the last year with four digits


class InstanceId(NamedTuple):
    """What an id says: the number of the flow or task, and the rest, either a minute or an instance's number."""

    number: int
    suffix: str

    @property
    def instance_number(self) -> int | None:
        """The number of an instance that was not started by this dialect."""
        is_number = len(self.suffix) == _NUMBER_LENGTH and self.suffix.startswith("0")
        return int(self.suffix) if is_number else None

    @property
    def dedupe_key(self) -> str:
        """The key the instance was created with."""
        return _KEY + self.suffix


def minute_of(moment_ms: int) -> str:
    """Return the suffix for a trigger time in UTC epoch milliseconds: cut to its minute, in UTC."""
    return datetime.fromtimestamp(moment_ms // 1000, UTC).strftime("%Y%m%d%H%M00").zfill(_NUMBER_LENGTH)


def dedupe_key(moment_ms: int) -> str:
    """Return the key that makes a second instance for the same minute impossible."""
    return _KEY + minute_of(moment_ms)


def suffix_of(instance: Instance) -> str:
    """Return what follows the hyphen in the ids of an instance and its tasks."""
    key = instance.dedupe_key or ""
    return key.removeprefix(_KEY) if key.startswith(_KEY) else f"{instance.id:0{_NUMBER_LENGTH}d}"


def parse(text: str) -> InstanceId | None:
    """Return what an id says, or None for a text that is none."""
    found = _ID.fullmatch(text)
    return InstanceId(int(found[1]), found[2]) if found else None
