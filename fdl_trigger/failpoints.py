"""Named places where a test can have the process killed. For tests only; otherwise they do nothing.

`FDL_TRIGGER_FAIL_POINT=settle.inside` kills the process (SIGKILL, nothing gets to say goodbye) when it comes to that
place, `settle.inside:3` when it comes there for the third time. The variable is read once, when the program starts;
`fdl-trigger serve` refuses to start with it, as with every name that is no setting. Switched off, a place costs one
comparison with a constant.
"""

import itertools
import os
import signal

_WANTED, _, _nth = os.environ.get("FDL_TRIGGER_FAIL_POINT", "").partition(":")
_LAST_VISIT = int(_nth) if _nth.isdecimal() else 1
_visits = itertools.count(1)  # counts in one step, whatever the thread


def fail_point(name: str) -> None:
    """Kill this process if a test named this place."""
    if name == _WANTED and next(_visits) == _LAST_VISIT:
        os.kill(os.getpid(), signal.SIGKILL)
