"""Keys of their own instead of one secret an application; signatures that count once; the users it may name."""

STATEMENTS = (
    """
    CREATE TABLE application_key (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        application_id INTEGER NOT NULL REFERENCES application (id) ON DELETE CASCADE,
        secret BLOB NOT NULL,
        created_at INTEGER NOT NULL,
        expires_at INTEGER,
        last_used_at INTEGER,
        disabled INTEGER NOT NULL DEFAULT 0
    )
    """,
    "CREATE INDEX application_key_of_application ON application_key (application_id)",
    """
    INSERT INTO application_key (application_id, secret, created_at)
    SELECT id, secret, created_at FROM application WHERE secret IS NOT NULL ORDER BY id
    """,
    "ALTER TABLE application DROP COLUMN secret",
    "ALTER TABLE application ADD COLUMN once INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE application ADD COLUMN bound INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE application ADD COLUMN operators TEXT NOT NULL DEFAULT '[]'",
    """
    CREATE TABLE used_sign (
        application_id INTEGER NOT NULL REFERENCES application (id) ON DELETE CASCADE,
        sign TEXT NOT NULL,
        expires_at INTEGER NOT NULL,
        CONSTRAINT used_sign_once PRIMARY KEY (application_id, sign)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX used_sign_by_expiry ON used_sign (expires_at)",
)


def up(migrator, db):  # type: ignore[no-untyped-def] # called by Peewee's migration runner
    for statement in STATEMENTS:
        db.execute_sql(statement)
