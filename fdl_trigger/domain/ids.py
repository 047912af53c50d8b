"""Random ids, drawn from a store of random bytes.

Asking the system for each id's own costs little, but lets go of the interpreter: with many threads at work that is a
wait at every request.
"""

import os
import uuid

_BYTES = 16
_AT_ONCE = 256

_drawn: list[bytes] = []


def new_id() -> uuid.UUID:
    """Return a random UUID (version 4); it is as unpredictable as one of `uuid.uuid4`."""
    try:
        return uuid.UUID(bytes=_drawn.pop(), version=4)
    except IndexError:
        return _refill()


def _refill() -> uuid.UUID:
    data = os.urandom(_BYTES * _AT_ONCE)
    pieces = [data[start : start + _BYTES] for start in range(0, len(data), _BYTES)]
    first = pieces.pop()
    _drawn.extend(pieces)
    return uuid.UUID(bytes=first, version=4)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drawn.clear)  # or parent and child would draw the same ids
