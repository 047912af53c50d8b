"""Every operation and every path it answers at (finedatalink-open-platform.md sections 2 and 2.1).

Paths count from an open-platform root. `workId`, `workName` and `recordId` in a path are literal segments, as
documented; `<...>` takes the identifier itself.
"""

from dataclasses import dataclass

from ...domain.operations import Operation

APPLICATION_ROOT = "/sp/client/api"
LOGIN_ROOT = "/sp/client/api/module"


@dataclass(frozen=True, slots=True)
class WireOperation:
    """One operation: `key` is the field that identifies its object, the first path is the documented one."""

    name: str
    summary: str
    operation: Operation
    key: str
    methods: tuple[str, ...]
    paths: tuple[str, ...]
    streams: bool = False


LIST_METHODS = ("POST", "GET")  # the 2023 draft (v3) lists with GET

OPERATIONS: tuple[WireOperation, ...] = (
    WireOperation(
        "records_by_id",
        "List the instances of a task, by task id",
        Operation.LIST,
        "workId",
        LIST_METHODS,
        ("/fdl/workId/records", "/fdl/work/<workId>/records"),
    ),
    WireOperation(
        "records_by_name",
        "List the instances of a task, by task name",
        Operation.LIST,
        "workName",
        LIST_METHODS,
        ("/fdl/workName/records",),
    ),
    WireOperation(
        "record_info",
        "Read one instance",
        Operation.READ,
        "recordId",
        ("GET",),
        ("/fdl/record/info", "/fdl/recordId/info", "/fdl/record/<recordId>/info"),
    ),
    WireOperation(
        "execute_by_id",
        "Run a task, by task id",
        Operation.EXECUTE,
        "workId",
        ("POST",),
        ("/fdl/workId/execute", "/fdl/work/<workId>/execute"),
    ),
    WireOperation(
        "execute_by_name",
        "Run a task, by task name",
        Operation.EXECUTE,
        "workName",
        ("POST",),
        ("/fdl/workName/execute",),
    ),
    WireOperation(
        "terminate_by_id",
        "Terminate the running and waiting instances of a task, by task id",
        Operation.TERMINATE,
        "workId",
        ("POST",),
        ("/fdl/workId/terminate", "/fdl/work/<workId>/terminate"),
    ),
    WireOperation(
        "terminate_by_name",
        "Terminate the running and waiting instances of a task, by task name",
        Operation.TERMINATE,
        "workName",
        ("POST",),
        ("/fdl/workName/terminate",),
    ),
    WireOperation(
        "terminate_record",
        "Terminate one instance",
        Operation.TERMINATE,
        "recordId",
        ("POST",),
        ("/fdl/recordId/terminate", "/fdl/record/terminate", "/fdl/record/<recordId>/terminate"),
    ),
)

# What the product does not have.
EXTENSIONS: tuple[WireOperation, ...] = (
    WireOperation(
        "record_events",
        "Follow one instance as server-sent events",
        Operation.READ,
        "recordId",
        ("GET",),
        ("/fdl/record/events", "/fdl/record/<recordId>/events"),
        streams=True,
    ),
)
