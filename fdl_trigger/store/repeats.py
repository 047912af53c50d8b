"""Finding the instance that a trigger repeats, inside the transaction that would create another one."""

import sqlite3
from typing import Any

from ..domain.creation import Created, NewInstance
from ..domain.errors import IdempotencyConflict
from ..domain.repeats import KEY_KEPT_MS, Once
from ..failpoints import fail_point
from . import statements as sql


def find_repeated(connection: sqlite3.Connection, new: NewInstance, params: str, now: int) -> Created | None:
    """Return the instance this trigger repeats, and why; None when it is a new one.

    Raises IdempotencyConflict for a key that was used with another request in the last 24 hours. A debounced instance
    takes the parameters of this trigger, and waits anew.
    """
    once = new.once
    if once is None:
        return None
    return (
        _by_key(connection, once, now)
        or _debounced(connection, new, once, params, now)
        or _same(connection, new, once, now)
        or _fresh(connection, new, once, now)
    )


def _by_key(connection: sqlite3.Connection, once: Once, now: int) -> Created | None:
    if once.key is None:
        return None
    row = connection.execute(
        "SELECT fingerprint, instance_id, instance_uid, at FROM idempotency_key "
        "WHERE caller = ? AND key = ? AND at > ?",
        (once.caller, once.key, now - KEY_KEPT_MS),
    ).fetchone()
    if row is None:
        return None
    fingerprint, instance_id, uid, at = row
    fail_point("key.found")
    if fingerprint != once.fingerprint:
        raise IdempotencyConflict(f"The idempotency key was used before for another request (instance {uid}).")
    return Created(instance_id, uid, at, "the idempotency key was used before for the same request")


def keep_key(connection: sqlite3.Connection, once: Once | None, created: Created) -> None:
    """Remember the key of a new instance."""
    fail_point("accept.inside")
    if once is not None and once.key is not None:
        connection.execute(
            "INSERT OR REPLACE INTO idempotency_key (caller, key, fingerprint, instance_id, instance_uid, at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (once.caller, once.key, once.fingerprint, created.id, created.uid, created.at),
        )
        fail_point("key.inside")


def forget_keys(connection: sqlite3.Connection, now: int) -> None:
    """Delete the keys that have expired."""
    connection.execute("DELETE FROM idempotency_key WHERE at <= ?", (now - KEY_KEPT_MS,))


def _debounced(connection: sqlite3.Connection, new: NewInstance, once: Once, params: str, now: int) -> Created | None:
    if not once.policy.debounce_ms:
        return None
    row = connection.execute(
        sql.POSTPONE,
        (now + once.policy.debounce_ms, params, once.fingerprint, now, new.task_id, now),
    ).fetchone()
    why = "it was joined with triggers shortly before; the run starts after the last of them"
    return Created(row[0], row[1], row[2], why) if row else None


def _same(connection: sqlite3.Connection, new: NewInstance, once: Once, now: int) -> Created | None:
    if not once.policy.same_within_ms:
        return None
    seconds = once.policy.same_within_ms // 1000
    why = f"the same caller sent the same parameters within {seconds} s"
    return _newest(
        connection,
        "task_id = ? AND fingerprint = ? AND created_at > ?",
        (new.task_id, once.fingerprint, now - once.policy.same_within_ms),
        why,
    )


def _fresh(connection: sqlite3.Connection, new: NewInstance, once: Once, now: int) -> Created | None:
    if not once.policy.max_age_ms:
        return None
    minutes = once.policy.max_age_ms // 60_000
    return _newest(
        connection,
        "task_id = ? AND state = 'SUCCEEDED' AND finished_at > ?",
        (new.task_id, now - once.policy.max_age_ms),
        f"the last success is not older than {minutes} min",
    )


def _newest(connection: sqlite3.Connection, condition: str, values: tuple[Any, ...], why: str) -> Created | None:
    row = connection.execute(
        f"SELECT id, uid, created_at FROM instance WHERE {condition} ORDER BY id DESC LIMIT 1", values
    ).fetchone()
    return Created(row[0], row[1], row[2], why) if row else None
