"""What EnOS callers need: integers for nodes and folders, and the key pair their SDK encrypts for."""

STATEMENTS = (
    """
    CREATE TABLE node_number (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        task_id INTEGER NOT NULL REFERENCES task (id),
        node_id TEXT NOT NULL,
        UNIQUE (task_id, node_id)
    )
    """,
    "CREATE TABLE folder_number (id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE)",
    "CREATE TABLE key_pair (purpose TEXT PRIMARY KEY, secret BLOB NOT NULL) WITHOUT ROWID",
)


def up(migrator, db):  # type: ignore[no-untyped-def] # called by Peewee's migration runner
    for statement in STATEMENTS:
        db.execute_sql(statement)
