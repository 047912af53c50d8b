"""Namespaces that dialects know tasks by, and failed instances that were marked as good enough."""

STATEMENTS = (
    """
    CREATE TABLE namespace (
        uid TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        description TEXT NOT NULL,
        created_at INTEGER NOT NULL
    )
    """,
    "CREATE TABLE instance_mark (instance_id INTEGER PRIMARY KEY, marked_by TEXT NOT NULL, at INTEGER NOT NULL)",
)


def up(migrator, db):  # type: ignore[no-untyped-def] # called by Peewee's migration runner
    for statement in STATEMENTS:
        db.execute_sql(statement)
