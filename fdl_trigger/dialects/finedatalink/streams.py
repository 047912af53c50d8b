"""Following an instance: its changes as server-sent events (WHATWG HTML, section 9.2)."""

import json
import time
from collections.abc import Callable, Iterator

from ...core.watching import Change
from . import answers

SIGN_OF_LIFE_S = 10.0
RECONNECT_MS = 1000


def stream(changes: Iterator[Change | None], release: Callable[[], None]) -> Iterator[str]:
    """Return the events of a watch as text; what refuses the watch is raised here, before anything is sent.

    Every event carries as its id where to go on from, which browsers send back as `Last-Event-ID`. `release` is called
    once the stream is over, however it ends.
    """
    try:
        first = next(changes)
    except BaseException:
        release()
        raise
    return _Stream(_texts(first, changes), release)


class _Stream(Iterator[str]):
    """Releases its place also when it is closed before it began."""

    def __init__(self, texts: Iterator[str], release: Callable[[], None]) -> None:
        self._texts = texts
        self._release: Callable[[], None] | None = release

    def __next__(self) -> str:
        try:
            return next(self._texts)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the place back; WSGI servers call this at the end of an answer."""
        release, self._release = self._release, None
        if release is not None:
            release()


def _texts(first: Change | None, rest: Iterator[Change | None]) -> Iterator[str]:
    yield f"retry: {RECONNECT_MS}\n\n"
    quiet_since = time.monotonic()
    if first is not None:
        yield _event(first)
    for change in rest:
        now = time.monotonic()
        if change is not None:
            quiet_since = now
            yield _event(change)
        elif now - quiet_since >= SIGN_OF_LIFE_S:
            quiet_since = now
            yield ": still here\n\n"


def _event(change: Change) -> str:
    name = "end" if change.instance.apparent_state.is_final else "change"
    data = {
        **answers.instance(change.instance),
        "events": [answers.event(one) for one in change.events],
        "log": [answers.log_line(line) for line in change.log],
    }
    return f"id: {change.since}\nevent: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
