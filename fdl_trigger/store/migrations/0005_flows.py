"""Portions of flows, service dates, called tasks, results of nodes, global parameters."""

STATEMENTS = (
    "ALTER TABLE instance ADD COLUMN extent TEXT NOT NULL DEFAULT 'WHOLE'",
    "ALTER TABLE instance ADD COLUMN portion_node TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE instance ADD COLUMN service_date INTEGER",
    "ALTER TABLE instance ADD COLUMN parent_uid TEXT",
    "ALTER TABLE node_run ADD COLUMN outputs TEXT",
    """
    CREATE TABLE global_parameter (
        name TEXT PRIMARY KEY,
        type TEXT NOT NULL,
        value BLOB NOT NULL
    ) WITHOUT ROWID
    """,
)


def up(migrator, db):  # type: ignore[no-untyped-def] # called by Peewee's migration runner
    for statement in STATEMENTS:
        db.execute_sql(statement)
