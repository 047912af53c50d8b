"""The audit log."""

STATEMENTS = (
    """
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        target TEXT NOT NULL,
        outcome TEXT NOT NULL,
        reason TEXT NOT NULL,
        address TEXT NOT NULL,
        request_id TEXT NOT NULL,
        details TEXT NOT NULL,
        hash TEXT NOT NULL
    )
    """,
    "CREATE INDEX audit_of_request ON audit (request_id)",
)


def up(migrator, db):  # type: ignore[no-untyped-def] # called by Peewee's migration runner
    for statement in STATEMENTS:
        db.execute_sql(statement)
