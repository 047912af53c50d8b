"""The first schema. The CHECKs and partial indexes are the state machine's own guards: docs/state-machine.md."""

STATEMENTS = (
    "CREATE TABLE catalog (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL)",
    "INSERT INTO catalog (id, version) VALUES (1, 1)",
    """
    CREATE TABLE connection (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        settings BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE application (
        id INTEGER PRIMARY KEY,
        client_id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        method TEXT NOT NULL,
        secret BLOB,
        digest_algorithm TEXT NOT NULL,
        digest_timeout_s INTEGER NOT NULL CHECK (digest_timeout_s > 0),
        rate TEXT,
        origins TEXT NOT NULL,
        enabled INTEGER NOT NULL,
        created_at INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE task (
        id INTEGER PRIMARY KEY,
        uid TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        folder TEXT NOT NULL,
        description TEXT NOT NULL,
        draft TEXT NOT NULL,
        version INTEGER,
        enabled INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        published_at INTEGER,
        deleted_at INTEGER
    )
    """,
    "CREATE UNIQUE INDEX task_name ON task (name) WHERE deleted_at IS NULL",
    """
    CREATE TABLE task_version (
        task_id INTEGER NOT NULL REFERENCES task (id),
        version INTEGER NOT NULL,
        document TEXT NOT NULL,
        published_at INTEGER NOT NULL,
        PRIMARY KEY (task_id, version)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE access_grant (
        id INTEGER PRIMARY KEY,
        application_id INTEGER NOT NULL REFERENCES application (id) ON DELETE CASCADE,
        operation TEXT NOT NULL,
        task_id INTEGER REFERENCES task (id)
    )
    """,
    # One row a grant, "on every task" (NULL) included: a plain UNIQUE would let NULLs repeat.
    "CREATE UNIQUE INDEX access_grant_once ON access_grant (application_id, operation, coalesce(task_id, 0))",
    """
    CREATE TABLE instance (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        uid TEXT NOT NULL UNIQUE,
        task_id INTEGER NOT NULL REFERENCES task (id),
        version INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('WAITING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'TERMINATED')),
        reason TEXT,
        message TEXT,
        attempt INTEGER NOT NULL DEFAULT 0,
        priority INTEGER NOT NULL,
        overlap_limit INTEGER NOT NULL CHECK (overlap_limit > 0),
        trigger_kind TEXT NOT NULL,
        trigger_by TEXT NOT NULL,
        application_id INTEGER,
        dedupe_key TEXT,
        params TEXT NOT NULL,
        owner TEXT,
        created_at INTEGER NOT NULL,
        due_at INTEGER NOT NULL,
        started_at INTEGER,
        finished_at INTEGER,
        modified_at INTEGER NOT NULL,
        terminate_requested_at INTEGER,
        terminate_reason TEXT,
        source_uid TEXT,
        pages INTEGER NOT NULL DEFAULT 0,
        rows_read INTEGER NOT NULL DEFAULT 0,
        rows_inserted INTEGER NOT NULL DEFAULT 0,
        rows_updated INTEGER NOT NULL DEFAULT 0,
        rows_deleted INTEGER NOT NULL DEFAULT 0,
        rows_skipped INTEGER NOT NULL DEFAULT 0,
        rows_dirty INTEGER NOT NULL DEFAULT 0,
        CHECK ((finished_at IS NOT NULL) = (state IN ('SUCCEEDED', 'FAILED', 'TERMINATED'))),
        CHECK ((reason IS NOT NULL) = (state IN ('FAILED', 'TERMINATED'))),
        CHECK (state <> 'RUNNING' OR (attempt > 0 AND owner IS NOT NULL AND started_at IS NOT NULL)),
        UNIQUE (task_id, dedupe_key)
    )
    """,
    "CREATE INDEX instance_by_task ON instance (task_id, id)",
    "CREATE INDEX instance_waiting ON instance (task_id, priority, id) WHERE state = 'WAITING'",
    "CREATE INDEX instance_running ON instance (task_id) WHERE state = 'RUNNING'",
    "CREATE INDEX instance_finished ON instance (finished_at) WHERE finished_at IS NOT NULL",
    """
    CREATE TABLE instance_event (
        id INTEGER PRIMARY KEY,
        instance_id INTEGER NOT NULL REFERENCES instance (id) ON DELETE CASCADE,
        old TEXT,
        new TEXT NOT NULL,
        at INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        reason TEXT,
        message TEXT
    )
    """,
    "CREATE INDEX instance_event_of ON instance_event (instance_id, id)",
    """
    CREATE TABLE node_run (
        instance_id INTEGER NOT NULL REFERENCES instance (id) ON DELETE CASCADE,
        node_id TEXT NOT NULL,
        name TEXT NOT NULL,
        state TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        started_at INTEGER,
        finished_at INTEGER,
        pages INTEGER NOT NULL,
        rows_read INTEGER NOT NULL,
        rows_inserted INTEGER NOT NULL,
        rows_updated INTEGER NOT NULL,
        rows_deleted INTEGER NOT NULL,
        rows_skipped INTEGER NOT NULL,
        rows_dirty INTEGER NOT NULL,
        error TEXT,
        PRIMARY KEY (instance_id, node_id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE run_log (
        instance_id INTEGER NOT NULL REFERENCES instance (id) ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        at INTEGER NOT NULL,
        node TEXT NOT NULL,
        level TEXT NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (instance_id, seq)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE dirty_row (
        id INTEGER PRIMARY KEY,
        instance_id INTEGER NOT NULL REFERENCES instance (id) ON DELETE CASCADE,
        node_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        reason TEXT NOT NULL,
        row TEXT NOT NULL,
        at INTEGER NOT NULL
    )
    """,
    "CREATE INDEX dirty_row_of ON dirty_row (instance_id, id)",
)


def up(migrator, db):  # type: ignore[no-untyped-def] # called by Peewee's migration runner
    for statement in STATEMENTS:
        db.execute_sql(statement)
