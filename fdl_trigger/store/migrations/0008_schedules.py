"""Schedules, what became of their fires, and the endings that plans by events wait for."""

STATEMENTS = (
    """
    CREATE TABLE schedule (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        uid TEXT NOT NULL UNIQUE,
        task_id INTEGER NOT NULL REFERENCES task (id),
        name TEXT NOT NULL,
        document TEXT NOT NULL,
        zone TEXT NOT NULL,
        declared INTEGER NOT NULL,
        paused INTEGER NOT NULL DEFAULT 0,
        next_fire_at INTEGER,
        last_fire_at INTEGER,
        decided_at INTEGER NOT NULL,
        revision INTEGER NOT NULL DEFAULT 1,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        CONSTRAINT schedule_name UNIQUE (task_id, name)
    )
    """,
    "CREATE INDEX schedule_due ON schedule (next_fire_at) WHERE next_fire_at IS NOT NULL",
    # Decided in what is now the future: the clock was set back.
    "CREATE INDEX schedule_decided ON schedule (decided_at)",
    """
    CREATE TABLE schedule_fire (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        schedule_id INTEGER NOT NULL REFERENCES schedule (id) ON DELETE CASCADE,
        fire_at INTEGER NOT NULL,
        last_at INTEGER NOT NULL,
        count INTEGER NOT NULL,
        at INTEGER NOT NULL,
        cause TEXT CHECK (cause IN ('MISFIRE', 'PAUSED', 'REFUSED', 'BROKEN')),
        reason TEXT NOT NULL,
        instance_uid TEXT,
        not_run_at INTEGER,
        too_long_ms INTEGER,
        CHECK ((cause IS NULL) = (instance_uid IS NOT NULL))
    )
    """,
    "CREATE INDEX schedule_fire_of ON schedule_fire (schedule_id, id)",
    "CREATE INDEX schedule_fire_age ON schedule_fire (at)",
    """
    CREATE INDEX schedule_fire_watched ON schedule_fire (id) WHERE not_run_at IS NOT NULL OR too_long_ms IS NOT NULL
    """,
    # task_id 0 stands for all tasks.
    "CREATE TABLE schedule_pause (task_id INTEGER PRIMARY KEY, at INTEGER NOT NULL)",
    """
    CREATE TABLE schedule_source (
        schedule_id INTEGER NOT NULL REFERENCES schedule (id) ON DELETE CASCADE,
        task_id INTEGER NOT NULL REFERENCES task (id),
        succeeded_at INTEGER,
        instance_uid TEXT,
        PRIMARY KEY (schedule_id, task_id)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX schedule_source_task ON schedule_source (task_id)",
    """
    CREATE TABLE schedule_event (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        task_id INTEGER NOT NULL,
        instance_uid TEXT NOT NULL,
        state TEXT NOT NULL,
        trigger_kind TEXT NOT NULL,
        service_date INTEGER,
        at INTEGER NOT NULL
    )
    """,
    # In the transaction of the ending, however it comes about: a crash after it loses no event. Runs of a part of a
    # flow are trials, not production.
    """
    CREATE TRIGGER schedule_event_of_ending AFTER UPDATE OF state ON instance
    WHEN NEW.finished_at IS NOT NULL AND OLD.finished_at IS NULL AND NEW.extent = 'WHOLE'
         AND EXISTS (SELECT 1 FROM schedule_source WHERE task_id = NEW.task_id)
    BEGIN
        INSERT INTO schedule_event (task_id, instance_uid, state, trigger_kind, service_date, at)
        VALUES (NEW.task_id, NEW.uid, NEW.state, NEW.trigger_kind, NEW.service_date, NEW.finished_at);
    END
    """,
)


def up(migrator, db):  # type: ignore[no-untyped-def] # called by Peewee's migration runner
    for statement in STATEMENTS:
        db.execute_sql(statement)
