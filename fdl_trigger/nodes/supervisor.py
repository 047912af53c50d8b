"""Watches over one program and everything it starts, in a process of its own; run as a file, standard library only.

Its standard input is its order (a line of JSON: argv, cwd, env, stdin, grace_s), then a leash: when it closes, because
the run was stopped or the service died, the program and all its descendants get TERM and after `grace_s` seconds KILL.
So does what a program that ended by itself leaves behind. On Linux this process adopts the orphans among them
(PR_SET_CHILD_SUBREAPER), so that neither a double fork nor a new session hides one. How the program ended is written
as JSON to the descriptor given as argument: `code`, or `signal`, or `error` when it could not be started.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_KILL_EVERY_S = 0.02
_GIVE_UP_S = 5.0  # after KILL: what is left then runs under another user


def main() -> None:
    """Read the order, run the program to its end, tell how it ended."""
    status = int(sys.argv[1])
    os.set_inheritable(status, False)
    order = json.loads(_read_line(0))
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    program = _start(order, status)
    for stream in (1, 2):  # the program's own from here on
        os.close(stream)
    ended = _watch(program, woken, order["grace_s"])
    os.write(status, json.dumps(ended).encode())


def _watch(program: int, woken: int, grace_s: float) -> dict[str, int]:
    """Wait until the program and all its descendants are gone; return how the program ended."""
    ended: dict[str, int] = {}
    stopping_since: float | None = None
    while _reap(program, ended):
        if stopping_since is None:
            ready, _, _ = select.select([0, woken], [], [], None) if not ended else ([0], [], [])
            if woken in ready:
                os.read(woken, 4096)
            if 0 in ready:
                stopping_since = time.monotonic()
                _signal_all(signal.SIGTERM)
                _signal_all(signal.SIGCONT)
            continue
        stopping_s = time.monotonic() - stopping_since
        if stopping_s > grace_s + _GIVE_UP_S:
            break
        if stopping_s > grace_s:
            _signal_all(signal.SIGKILL)
        time.sleep(_KILL_EVERY_S)
    return ended


def _reap(program: int, ended: dict[str, int]) -> bool:
    """Take leave of children that ended; tell whether there are others."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        if pid == program:
            code = os.waitstatus_to_exitcode(status)
            ended["signal" if code < 0 else "code"] = abs(code)


def _start(order: dict[str, object], status: int) -> int:
    program = os.fork()
    if program:
        return program
    try:
        _become(order)
    except BaseException as error:  # noqa: BLE001 - the forked child must not go on as a second supervisor
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        os.write(status, json.dumps({"error": reason}).encode() + b"\n")
    os._exit(127)


def _become(order: dict[str, object]) -> None:
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    argv, env = order["argv"], order["env"]
    assert isinstance(argv, list)  # noqa: S101 - for the type checker
    assert isinstance(env, dict)  # noqa: S101
    os.dup2(_input(order["stdin"]), 0)
    if order["cwd"]:
        os.chdir(str(order["cwd"]))
    os.execvpe(argv[0], argv, env)  # noqa: S606 - that no shell reads it is the point


def _input(text: object) -> int:
    if text is None:
        return os.open(os.devnull, os.O_RDONLY)
    reading, writing = os.pipe()
    if not os.fork():  # a writer of its own: the text may be longer than a pipe holds
        os.close(reading)
        with contextlib.suppress(OSError), os.fdopen(writing, "wb") as pipe:
            pipe.write(str(text).encode())
        os._exit(0)
    os.close(writing)
    return reading


def _signal_all(number: int) -> None:
    for pid in _descendants():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _descendants() -> list[int]:
    """Return every process below this one; without /proc the caller can only wait."""
    parents: dict[int, list[int]] = {}
    names = os.listdir("/proc") if os.path.isdir("/proc/self") else []
    for name in filter(str.isdigit, names):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as stat:
            parent = int(stat.read().rpartition(b")")[2].split()[1])
            parents.setdefault(parent, []).append(int(name))
    found: list[int] = []
    pending = [os.getpid()]
    while pending:
        children = parents.get(pending.pop(), [])
        found += children
        pending += children
    return found


def _read_line(descriptor: int) -> bytes:
    line = bytearray()
    while not line.endswith(b"\n"):
        piece = os.read(descriptor, 65536)
        if not piece:
            sys.exit(0)
        line += piece
    return bytes(line)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    main()
