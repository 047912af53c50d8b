"""Notices, their deliveries over each channel, and every try of those."""

STATEMENTS = (
    """
    CREATE TABLE notice (
        id INTEGER PRIMARY KEY,
        uid TEXT NOT NULL UNIQUE,
        task_id INTEGER NOT NULL REFERENCES task (id),
        instance_uid TEXT NOT NULL,
        occasion TEXT NOT NULL,
        at INTEGER NOT NULL,
        suppressed INTEGER NOT NULL,
        document TEXT NOT NULL
    )
    """,
    "CREATE INDEX notice_by_task ON notice (task_id, at) WHERE suppressed = 0",
    "CREATE INDEX notice_by_age ON notice (at)",
    """
    CREATE TABLE notice_delivery (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        notice_id INTEGER NOT NULL REFERENCES notice (id) ON DELETE CASCADE,
        channel TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('PENDING', 'DELIVERED', 'FAILED', 'SUPPRESSED')),
        tries INTEGER NOT NULL DEFAULT 0,
        due_at INTEGER NOT NULL,
        CONSTRAINT notice_delivery_once UNIQUE (notice_id, channel)
    )
    """,
    "CREATE INDEX notice_delivery_due ON notice_delivery (channel, due_at) WHERE status = 'PENDING'",
    """
    CREATE TABLE notice_try (
        id INTEGER PRIMARY KEY,
        delivery_id INTEGER NOT NULL REFERENCES notice_delivery (id) ON DELETE CASCADE,
        at INTEGER NOT NULL,
        ms INTEGER NOT NULL,
        status INTEGER,
        error TEXT
    )
    """,
    "CREATE INDEX notice_try_of ON notice_try (delivery_id, id)",
)


def up(migrator, db):  # type: ignore[no-untyped-def] # called by Peewee's migration runner
    for statement in STATEMENTS:
        db.execute_sql(statement)
