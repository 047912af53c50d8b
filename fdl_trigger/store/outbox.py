"""Writes down whom to tell of an ending, in the transaction of the ending: a crash after it loses no notice."""

import json
import logging
import secrets
import sqlite3
from collections.abc import Callable
from typing import Any

from ..domain.definition import Definition
from ..domain.errors import DefinitionInvalid
from ..domain.notices import QUIET_MS, DeliveryStatus, Ending, NoticeRule, Occasion, document_of
from ..domain.records import Counts
from ..domain.states import Reason, State
from ..failpoints import fail_point

_ENDING = """
SELECT i.task_id, t.uid, t.name, i.uid, i.state, i.reason, i.message, i.attempt, i.trigger_kind, i.trigger_by,
       i.created_at, i.started_at, i.finished_at, i.pages, i.rows_read, i.rows_inserted, i.rows_updated,
       i.rows_deleted, i.rows_skipped, i.rows_dirty
FROM instance i JOIN task t ON t.id = i.task_id WHERE i.id = ?
"""
_RECENT = "SELECT EXISTS (SELECT 1 FROM notice WHERE task_id = ? AND suppressed = 0 AND at > ?)"
_NOTICE = """
INSERT INTO notice (uid, task_id, instance_uid, occasion, at, suppressed, document) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_DELIVERY = "INSERT INTO notice_delivery (notice_id, channel, status, due_at) VALUES (?, ?, ?, ?)"

logger = logging.getLogger(__name__)


class Outbox:
    """`definition` returns that of a published task, by id and version."""

    def __init__(self, definition: Callable[[int, int], Definition]) -> None:
        self._definition = definition

    def ended(self, connection: sqlite3.Connection, instance_id: int, task_id: int, version: int) -> None:
        """Note what is to be told of an instance that ended in the current transaction.

        What goes wrong here is logged and undone; the ending stands.
        """
        fail_point("settle.inside")
        rule = self._rule(task_id, version)
        if rule is None:
            return
        connection.execute("SAVEPOINT notice")
        try:
            _note(connection, instance_id, rule)
        except Exception:
            if not connection.in_transaction:
                raise  # the database gave up on the whole transaction, the ending included
            connection.execute("ROLLBACK TO notice")
            logger.exception("no notice is given of instance %d", instance_id)
        connection.execute("RELEASE notice")
        fail_point("outbox.inside")

    def _rule(self, task_id: int, version: int) -> NoticeRule | None:
        try:
            return self._definition(task_id, version).control.notice
        except DefinitionInvalid:
            return None  # what cannot be read does not say whom to tell


def _note(connection: sqlite3.Connection, instance_id: int, rule: NoticeRule) -> None:
    ending = _ending(connection.execute(_ENDING, (instance_id,)).fetchone())
    occasion = rule.occasion(ending)
    if occasion is not None:
        put(connection, ending, occasion, rule.channels)


def put(connection: sqlite3.Connection, ending: Ending, occasion: Occasion, channels: tuple[str, ...]) -> None:
    """Write down a notice and its deliveries inside the current transaction."""
    at = ending.finished_at
    (is_quiet,) = connection.execute(_RECENT, (ending.task_id, at - QUIET_MS)).fetchone()
    uid = f"msg_{secrets.token_hex(16)}"
    document = json.dumps(document_of(occasion, ending))
    values = (uid, ending.task_id, ending.instance_uid, occasion, at, is_quiet, document)
    notice_id = connection.execute(_NOTICE, values).lastrowid
    status = DeliveryStatus.SUPPRESSED if is_quiet else DeliveryStatus.PENDING
    connection.executemany(_DELIVERY, [(notice_id, channel, status, at) for channel in channels])


def _ending(row: tuple[Any, ...]) -> Ending:
    return Ending(
        task_id=row[0],
        task_uid=row[1],
        task_name=row[2],
        instance_uid=row[3],
        state=State(row[4]),
        reason=Reason(row[5]) if row[5] else None,
        message=row[6] or "",
        attempt=row[7],
        trigger=row[8],
        trigger_by=row[9],
        created_at=row[10],
        started_at=row[11],
        finished_at=row[12],
        counts=Counts(*row[13:20]),
    )
