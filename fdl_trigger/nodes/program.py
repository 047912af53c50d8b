"""Runs one program under a supervisor: its output line by line, its end, and a stop that leaves no process behind."""

import json
import os
import selectors
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from .context import NodeContext
from .errors import BuildError, NodeError
from .lines import LineCutter

GRACE_S = 2.0
_LONGEST_END_S = 12.0
_SUPERVISOR = str(Path(__file__).with_name("supervisor.py"))
# What programs need from the service's environment; everything else may be a secret.
_HANDED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run. `argv` is never read by a shell; `stdin` is what it reads, None nothing."""

    argv: tuple[str, ...]
    cwd: str = ""
    env: Mapping[str, str] | None = None
    stdin: str | None = None


OnBytes = Callable[[bytes], None]
OnLine = Callable[[str], None]


def base_environment() -> dict[str, str]:
    """Return the few variables of the service's environment that programs get."""
    return {name: os.environ[name] for name in _HANDED_ON if name in os.environ}


class Program:
    """One run of a command. `python` is the interpreter of the supervisor; empty: the service's own."""

    def __init__(self, command: Command, python: str = "", grace_s: float = GRACE_S) -> None:
        self._command = command
        self._python = python or sys.executable
        self._grace_s = grace_s
        self._lock = Lock()

    def run(self, context: NodeContext, on_out: OnLine, on_error: OnLine, on_result: OnBytes | None = None) -> int:
        """Run to the end and return the exit code, 128 and the number for a signal.

        `on_result` takes what the program writes to the descriptor named by FDL_RESULT_FD. Raises BuildError for a
        program that cannot be started, Stopped when the run is stopped: no process is left then.
        """
        context.check()
        status = bytearray()
        out, error = LineCutter(on_out), LineCutter(on_error)
        with self._started(on_result is not None) as (process, status_end, result_end):
            assert process.stdout is not None  # noqa: S101 - all are pipes, for the type checker
            assert process.stderr is not None  # noqa: S101
            sinks: dict[int, OnBytes] = {
                process.stdout.fileno(): out.feed,
                process.stderr.fileno(): error.feed,
                status_end: status.extend,
            }
            if on_result is not None and result_end is not None:
                sinks[result_end] = on_result
            with context.on_stop(lambda: self._release(process)):
                _pump(sinks, until=status_end)
                context.check()
        out.close()
        error.close()
        return _exit_code(bytes(status), self._command)

    @contextmanager
    def _started(self, with_result: bool) -> Iterator[tuple["subprocess.Popen[bytes]", int, int | None]]:
        """Start the supervisor and hand it its order; afterwards everything it ran is gone."""
        status_end, status = os.pipe()
        result_end, result = os.pipe() if with_result else (None, None)
        mine, theirs = [status_end], [status]
        if result_end is not None and result is not None:
            mine, theirs = [status_end, result_end], [status, result]
        try:
            try:
                process = self._supervisor(tuple(theirs))
            finally:
                for descriptor in theirs:
                    os.close(descriptor)
            with process:
                try:
                    self._hand_over(process, result)
                    yield process, status_end, result_end
                finally:
                    self._release(process)
                    _end(process)
        finally:
            for descriptor in mine:
                os.close(descriptor)

    def _supervisor(self, theirs: tuple[int, ...]) -> "subprocess.Popen[bytes]":
        if os.name != "posix":
            raise BuildError("nodes that run programs need Linux, macOS or another POSIX system")
        if getattr(sys, "frozen", False) and self._python == sys.executable:
            raise BuildError("nodes that run programs need an interpreter here: set python in the section nodes")
        try:
            return subprocess.Popen(
                [self._python, "-I", "-S", _SUPERVISOR, str(theirs[0])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=theirs,
                start_new_session=True,
                env=base_environment(),
            )
        except OSError as error:
            raise BuildError(f"the interpreter {self._python} cannot be started: {error.strerror}") from None

    def _hand_over(self, process: "subprocess.Popen[bytes]", result: int | None) -> None:
        command = self._command
        env = {**base_environment(), **(command.env or {})}
        if result is not None:
            env["FDL_RESULT_FD"] = str(result)
        order = {"argv": command.argv, "cwd": command.cwd, "env": env, "stdin": command.stdin, "grace_s": self._grace_s}
        line = memoryview(json.dumps(order).encode() + b"\n")
        assert process.stdin is not None  # noqa: S101 - a pipe, for the type checker
        with suppress(BrokenPipeError):  # then its status says nothing, and that is reported
            while line:
                line = line[process.stdin.write(line) or 0 :]

    def _release(self, process: "subprocess.Popen[bytes]") -> None:
        """Let go of the leash: the supervisor ends everything."""
        with self._lock:
            if process.stdin is not None and not process.stdin.closed:
                process.stdin.close()


def _end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(_LONGEST_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _pump(sinks: Mapping[int, OnBytes], until: int) -> None:
    """Hand on what arrives, until the descriptor `until` is closed; then what has arrived by that moment."""
    with selectors.DefaultSelector() as selector:
        for descriptor in sinks:
            os.set_blocking(descriptor, False)
            selector.register(descriptor, selectors.EVENT_READ)
        waits: float | None = None
        while selector.get_map():
            ready = selector.select(waits)
            if not ready:
                return
            for key, _ in ready:
                piece = os.read(key.fd, 65536)
                if piece:
                    sinks[key.fd](piece)
                    continue
                selector.unregister(key.fd)
                if key.fd == until:
                    waits = 0.0


def _exit_code(status: bytes, command: Command) -> int:
    told: dict[str, object] = {}
    for line in status.splitlines():
        with suppress(ValueError):
            told = {**json.loads(line), **told}
    if "error" in told:
        raise BuildError(f"{command.argv[0]} cannot be started: {told['error']}")
    if isinstance(told.get("signal"), int):
        return 128 + int(str(told["signal"]))
    if isinstance(told.get("code"), int):
        return int(str(told["code"]))
    raise NodeError(f"{command.argv[0]} was lost: nothing told how it ended")
