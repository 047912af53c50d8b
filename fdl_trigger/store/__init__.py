"""Where things are kept: SQLite through Peewee, one writer with grouped commits, readers that never wait."""
