"""What a caller may ask for. A grant names one of these; every route declares one."""

from enum import StrEnum


class Operation(StrEnum):
    """A use case that can be granted; by-id and by-name calls of one use case share a grant."""

    EXECUTE = "execute"  # run a task
    LIST = "list"  # list the instances of a task
    READ = "read"  # read one instance
    TERMINATE = "terminate"  # terminate instances, by task or one by one
    MANAGE_TASKS = "manage_tasks"  # save, publish, enable and delete tasks and connections
    MANAGE_ACCESS = "manage_access"  # applications, keys, users, sessions and what they may
    READ_AUDIT = "read_audit"  # read and verify the audit log


CALLS = (Operation.EXECUTE, Operation.LIST, Operation.READ, Operation.TERMINATE)
"""The operations of the trigger dialects: what an application is there for."""
