"""The statements of the state machine, as prepared SQL text: they are the hot path."""

from ..domain.records import Counts

INSERT = """
INSERT INTO instance (uid, task_id, version, state, priority, overlap_limit, trigger_kind, trigger_by, application_id,
                      dedupe_key, params, created_at, due_at, modified_at, source_uid, extent, portion_node,
                      service_date, parent_uid, backfill_uid, fingerprint, debounced)
VALUES (?, ?, ?, 'WAITING', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

EVENT = """
INSERT INTO instance_event (instance_id, old, new, at, attempt, reason, message) VALUES (?, ?, ?, ?, ?, ?, ?)
"""

# Walks the tasks that have waiting rows by the partial index (one jump a task, however long its queue), takes the
# most urgent few of each, and keeps as many as the task has room for. Called instances are left to their callers.
CLAIM = """
WITH RECURSIVE lane (task_id) AS (
    SELECT min(task_id) FROM instance WHERE state = 'WAITING'
    UNION ALL
    SELECT (SELECT min(task_id) FROM instance WHERE state = 'WAITING' AND task_id > lane.task_id)
    FROM lane WHERE lane.task_id IS NOT NULL
),
candidate AS (
    SELECT i.id, i.priority,
           row_number() OVER (PARTITION BY i.task_id ORDER BY i.priority, i.id) AS place,
           i.overlap_limit - (
               SELECT count(*) FROM instance r WHERE r.task_id = i.task_id AND r.state = 'RUNNING'
           ) AS room
    FROM lane JOIN instance i ON i.id IN (
        SELECT w.id FROM instance w
        WHERE w.state = 'WAITING' AND w.task_id = lane.task_id AND w.due_at <= :now AND w.parent_uid IS NULL
        ORDER BY w.priority, w.id LIMIT :limit
    )
)
UPDATE instance
SET state = 'RUNNING', attempt = attempt + 1, started_at = :now, modified_at = :now, owner = :owner
WHERE state = 'WAITING' AND id IN (
    SELECT id FROM candidate WHERE place <= room ORDER BY priority, id LIMIT :limit
)
RETURNING id, uid, task_id, version, attempt, priority, params, created_at, started_at, extent, portion_node,
          service_date, source_uid
"""

# The same for one instance by its id, when its task has room for it.
CLAIM_ONE = """
UPDATE instance
SET state = 'RUNNING', attempt = attempt + 1, started_at = :now, modified_at = :now, owner = :owner
WHERE id = :id AND state = 'WAITING' AND due_at <= :now AND overlap_limit > (
    SELECT count(*) FROM instance r WHERE r.task_id = instance.task_id AND r.state = 'RUNNING'
)
RETURNING id, uid, task_id, version, attempt, priority, params, created_at, started_at, extent, portion_node,
          service_date, source_uid
"""

END = """
UPDATE instance
SET state = :new, reason = :reason, message = :message, finished_at = :now, modified_at = :now, owner = NULL,
    pages = :pages, rows_read = :read, rows_inserted = :inserted, rows_updated = :updated, rows_deleted = :deleted,
    rows_skipped = :skipped, rows_dirty = :dirty
WHERE id = :id AND state = 'RUNNING' AND attempt = :attempt
"""

# A run whose stop was requested may only end as terminated: callers have been told so.
UNLESS_STOPPING = " AND terminate_requested_at IS NULL"

PROGRESS = """
UPDATE instance
SET modified_at = :now, pages = :pages, rows_read = :read, rows_inserted = :inserted, rows_updated = :updated,
    rows_deleted = :deleted, rows_skipped = :skipped, rows_dirty = :dirty
WHERE id = :id AND state = 'RUNNING' AND attempt = :attempt
"""

BACK_TO_WAITING = """
UPDATE instance SET state = 'WAITING', due_at = ?, modified_at = ?, started_at = NULL, owner = NULL
WHERE id = ? AND state = 'RUNNING' AND attempt = ? AND terminate_requested_at IS NULL
"""

# A debounced instance that still waits takes over the parameters of a later trigger, and waits anew.
POSTPONE = """
UPDATE instance SET due_at = ?, params = ?, fingerprint = ?, modified_at = ?
WHERE state = 'WAITING' AND id = (
    SELECT id FROM instance WHERE task_id = ? AND state = 'WAITING' AND debounced AND due_at > ? LIMIT 1
)
RETURNING id, uid, created_at
"""

END_WAITING = """
UPDATE instance
SET state = 'TERMINATED', reason = ?, message = ?, finished_at = ?, modified_at = ?, terminate_requested_at = ?
WHERE id = ? AND state = 'WAITING'
RETURNING attempt
"""

REQUEST_STOP = """
UPDATE instance SET terminate_requested_at = ?, terminate_reason = ?, message = ?, modified_at = ?
WHERE id = ? AND state = 'RUNNING' AND terminate_requested_at IS NULL
"""

# A restored node counts nothing: its rows were counted in the instance they were moved in.
RESTORE_NODE = """
INSERT INTO node_run (instance_id, node_id, name, state, attempt, started_at, finished_at, pages, rows_read,
                      rows_inserted, rows_updated, rows_deleted, rows_skipped, rows_dirty, error, outputs)
SELECT ?, node_id, name, state, attempt, started_at, finished_at, 0, 0, 0, 0, 0, 0, 0, NULL, outputs
FROM node_run WHERE instance_id = ? AND node_id = ? AND state = 'SUCCEEDED'
"""

INSERT_BACKFILL = """
INSERT INTO backfill (uid, task_id, first_date, last_date, parallel, created_by, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""


def columns(counts: Counts) -> dict[str, int]:
    """Return totals as the values that END and PROGRESS take."""
    return {
        "pages": counts.pages,
        "read": counts.read,
        "inserted": counts.inserted,
        "updated": counts.updated,
        "deleted": counts.deleted,
        "skipped": counts.skipped,
        "dirty": counts.dirty,
    }
