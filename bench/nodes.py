"""The node types of the benchmark: they do nothing, or tell when they started, so that only the service counts."""

import os
import time
from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import INCLUDE, Schema

from fdl_trigger.domain.records import Counts
from fdl_trigger.nodes.context import NodeContext


class _AnyConfig(Schema):
    class Meta:
        unknown = INCLUDE


class Nothing:
    """Ends at once."""

    schema: type[Schema] = _AnyConfig
    is_container = False

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        """Return no connections."""
        return ()

    def run(self, config: Mapping[str, Any], context: NodeContext) -> Counts:
        """Do nothing."""
        return Counts()


class Hold(Nothing):
    """Runs until it is asked to stop."""

    def run(self, config: Mapping[str, Any], context: NodeContext) -> Counts:
        """Hold the slot."""
        while True:
            context.sleep(3600)


class Stamp(Nothing):
    """Writes how long ago (in nanoseconds) the caller sent the trigger whose time stands in its parameter `sent`."""

    def __init__(self, path: str) -> None:
        self._path = path

    def run(self, config: Mapping[str, Any], context: NodeContext) -> Counts:
        """Append a line to the file."""
        write_age(self._path, int(context.resolve("${sent}")))
        return Counts()


def write_age(path: str, sent_ns: int) -> None:
    """Append the nanoseconds since `sent_ns` to a file, one line a call, whole even between threads."""
    line = f"{time.time_ns() - sent_ns}\n".encode()
    with open(path, "ab", buffering=0) as file:
        os.write(file.fileno(), line)
