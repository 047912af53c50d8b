"""Tasks as code: TOML files with tasks and connections, read with every mistake told, and written back.

A file holds `[[tasks]]` in the shape of the definition document (finedatalink-tasks.md section 3.3), or one task at
its top level, and `[connections.NAME]` tables. A connection's values may be `{env = "NAME"}` or `{file = "PATH"}`
(relative to the TOML file); they are looked up only when the file is applied.
"""

from .checking import check, foreign_names, resolve
from .entries import ConnectionEntry, TaskEntry, TaskFiles, TaskFilesInvalid, used_connections
from .reading import read
from .writing import dump, same_document

__all__ = [
    "ConnectionEntry",
    "TaskEntry",
    "TaskFiles",
    "TaskFilesInvalid",
    "check",
    "dump",
    "foreign_names",
    "read",
    "resolve",
    "same_document",
    "used_connections",
]
