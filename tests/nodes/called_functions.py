"""Functions that PYTHON nodes of the tests call."""
# ruff: noqa: T201 - that printing reaches the run log is what they are for

import logging
import os
import subprocess
import sys
import time
from datetime import date
from decimal import Decimal
from pathlib import Path


def describe(day, rows, limit=None):
    print("printed", day)
    print("to standard error", file=sys.stderr)
    logging.getLogger("some.library").info("two\nlines")
    logging.warning("careful")
    logging.error("bad")
    return {"day": date.fromisoformat(day), "sum": sum(Decimal(str(row["n"])) for row in rows), "limit": limit}


def fail(secret):
    raise LookupError(f"nothing for {len(secret)}")


def half(fails):
    logging.warning("half \ud800")
    if fails:
        raise ValueError("half \ud800")
    return {"\ud800": ["half \ud800", "\U0001f600"]}


def leave():
    os._exit(7)


def no_json():
    return object()


def pid():
    return os.getpid()


def command_lines(value):
    lines = [Path(f"/proc/{number}/cmdline").read_text() for number in (os.getpid(), os.getppid())]
    return "\n".join(lines)


def wait_with_a_child(directory):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    for number in (os.getpid(), child.pid):
        Path(directory, str(number)).touch()
    print("ready", flush=True)
    time.sleep(600)


class Holder:
    @staticmethod
    def inside(value):
        return value


not_callable = 5
