"""Triggers that cannot double, and backfills."""

STATEMENTS = (
    "ALTER TABLE instance ADD COLUMN fingerprint TEXT",
    "ALTER TABLE instance ADD COLUMN debounced INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE instance ADD COLUMN backfill_uid TEXT",
    "CREATE INDEX instance_of_backfill ON instance (backfill_uid, state) WHERE backfill_uid IS NOT NULL",
    """
    CREATE TABLE idempotency_key (
        caller TEXT NOT NULL,
        key TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        instance_id INTEGER NOT NULL,
        instance_uid TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (caller, key)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX idempotency_key_age ON idempotency_key (at)",
    """
    CREATE TABLE backfill (
        uid TEXT PRIMARY KEY,
        task_id INTEGER NOT NULL REFERENCES task (id),
        first_date INTEGER NOT NULL,
        last_date INTEGER NOT NULL,
        parallel INTEGER NOT NULL,
        created_by TEXT NOT NULL,
        created_at INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
)


def up(migrator, db):  # type: ignore[no-untyped-def] # called by Peewee's migration runner
    for statement in STATEMENTS:
        db.execute_sql(statement)
