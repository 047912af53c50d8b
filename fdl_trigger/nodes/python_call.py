"""PYTHON: calls a function of an installed module in a process of its own."""

import json
import logging
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from marshmallow import Schema, fields, validate

from ..domain.records import Counts
from ..domain.states import Level
from .call_arguments import CallSchema, assign_returned, resolved
from .context import FlowContext
from .errors import NodeError
from .lines import whole_characters
from .program import Command, Program
from .shell import LineLog

_WORKER = str(Path(__file__).with_name("python_worker.py"))
_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_LONGEST_TOLD = 16 * 1024 * 1024


class PythonSchema(CallSchema):
    """The configuration of a PYTHON node."""

    call = fields.Str(
        required=True,
        validate=validate.Regexp(rf"^{_DOTTED}:{_DOTTED}$", error="must read package.module:function"),
    )
    path = fields.List(fields.Str(validate=validate.Length(1, 4096)), load_default=list)


class PythonCall:
    """Calls functions with the interpreter `python` (empty: the service's own, with its modules)."""

    schema: type[Schema] = PythonSchema
    is_container = False

    def __init__(self, python: str = "") -> None:
        self._python = python

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        """Return none."""
        return ()

    def run(self, config: Mapping[str, Any], context: FlowContext) -> Counts:
        """Call the function; raises NodeError when it raises, ends its process, or returns no JSON."""
        args = {name: resolved(value, context) for name, value in config["args"].items()}
        request = {"call": config["call"], "args": args, "first": config["path"], "path": self._path()}
        python = self._python or sys.executable
        command = Command((python, "-P", "-u", _WORKER), stdin=json.dumps(request))
        log = LineLog(context, Level.INFO)
        told = _Told(context, log)
        code = Program(command, self._python).run(context, log.write, log.write, told.feed)
        assign_returned(config["assign"], told.value(config["call"], code), context)
        context.log(Level.BASIC, f"{config['call']} returned")
        return Counts()

    def _path(self) -> list[str] | None:
        # Another interpreter has modules of its own.
        return None if self._python else [entry for entry in sys.path if entry]


class _Told:
    """What the worker tells: records for the run log, then the value or the error."""

    def __init__(self, context: FlowContext, log: LineLog) -> None:
        self._context = context
        self._log = log
        self._rest = b""
        self._last: dict[str, Any] = {}

    def feed(self, piece: bytes) -> None:
        """Take the next bytes; raises NodeError when they are too many for one value."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > _LONGEST_TOLD:
            raise NodeError(f"the function returned more than {_LONGEST_TOLD} bytes")
        for line in lines:
            self._take(json.loads(line))

    def value(self, call: str, code: int) -> Any:
        """Return the returned value; raises NodeError when there is none."""
        if "error" in self._last:
            self._context.log(Level.ERROR, whole_characters(self._last["trace"]))
            raise NodeError(f"{call} failed: {whole_characters(self._last['error'])}")
        if "value" not in self._last:
            raise NodeError(f"{call} ended its process with exit code {code}")
        return self._last["value"]

    def _take(self, told: dict[str, Any]) -> None:
        if "log" not in told:
            self._last = told
            return
        for line in str(told["log"]).splitlines():
            self._log.write(line[:2000], _level(told["level"]))


def _level(number: int) -> Level:
    if number >= logging.ERROR:
        return Level.ERROR
    return Level.WARN if number >= logging.WARNING else Level.INFO
