"""Calls one Python function, in a process of its own; run as a file, standard library only.

Standard input holds the request as JSON: `call` ("package.module:function"), `args`, `path` (in place of sys.path, or
null) and `first` (before it). Told on the descriptor FDL_RESULT_FD, a JSON object a line: `log` records, then `value`,
or `error` with its `trace`.
"""

import json
import logging
import os
import sys
import traceback
from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from threading import Lock
from typing import Any

_descriptor = int(os.environ.pop("FDL_RESULT_FD"))
_lock = Lock()


class _Records(logging.Handler):
    """Hands log records on."""

    def emit(self, record: logging.LogRecord) -> None:
        _tell({"log": self.format(record)[:20_000], "level": record.levelno})


def main() -> None:
    """Call the function and tell how it went."""
    request = json.loads(sys.stdin.buffer.read())
    os.set_inheritable(_descriptor, False)
    sys.path[:] = [*request["first"], *(request["path"] or sys.path)]
    logging.basicConfig(level=logging.INFO, handlers=[_Records()], format="%(message)s")
    try:
        value = _function(request["call"])(**request["args"])
        text = json.dumps({"value": value}, default=_as_json, allow_nan=False)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
        _tell({"error": _short(error), "trace": _trace(error)})
    else:
        _write(text)
    sys.stdout.flush()


def _function(call: str) -> Callable[..., Any]:
    module, _, name = call.partition(":")
    found: Any = import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    if not callable(found):
        raise TypeError(f"{call} cannot be called")
    function: Callable[..., Any] = found
    return function


def _as_json(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"the function returned a {type(value).__name__}, which is no JSON")


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:2000]


def _trace(error: BaseException) -> str:
    frames = error.__traceback__.tb_next if error.__traceback__ else None
    return "".join(traceback.format_exception(type(error), error, frames))[-20_000:]


def _tell(told: dict[str, Any]) -> None:
    _write(json.dumps(told, default=str))


def _write(text: str) -> None:
    rest = memoryview(text.encode() + b"\n")
    with _lock:
        while rest:
            rest = rest[os.write(_descriptor, rest) :]


if __name__ == "__main__":
    main()
