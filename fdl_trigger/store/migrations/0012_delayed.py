"""Finding the next instance to fall due. The index holds delayed ones only: most triggers need not pay for it."""


def up(migrator, db):  # type: ignore[no-untyped-def] # called by Peewee's migration runner
    db.execute_sql("CREATE INDEX instance_delayed ON instance (due_at) WHERE state = 'WAITING' AND due_at > created_at")
