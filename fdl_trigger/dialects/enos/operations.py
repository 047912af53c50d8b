"""The operations: where each is found and what it asks of its caller (enos-flows.md section 2)."""

from dataclasses import dataclass

from ...auth.permissions import Public
from ...domain.operations import Operation

ROOT = "/batch-processing-service/v2.1"
TOKEN_ROOT = "/apim-token-service/v2.0"  # noqa: S105 - a path
OWN_ROOT = "/enos"


@dataclass(frozen=True, slots=True)
class EnosOperation:
    """One operation of the wire: the query parameter `action` tells those of one path and method apart."""

    method: str
    path: str
    action: str
    permission: Operation | Public
    summary: str


_TIME = Public("it tells the time and nothing else")
_ROWS: tuple[tuple[str, str, str, Operation | Public, str], ...] = (
    ("POST", "flows", "triggerFromTask", Operation.EXECUTE, "Run a task and everything downstream of it"),
    ("POST", "flows", "trigger", Operation.EXECUTE, "Run a flow"),
    ("POST", "flows", "updateAndTrigger", Operation.EXECUTE, "Run a flow with parameters of its own"),
    ("GET", "flows", "get", Operation.READ, "Return a flow"),
    ("GET", "flows", "loadForEdit", Operation.READ, "Return a flow"),
    ("POST", "flows", "search", Operation.READ, "List the flows one may see"),
    ("GET", "flows", "getMyFlow", Operation.READ, "List the flows one owns"),
    ("POST", "flows", "enable", Operation.MANAGE_TASKS, "Start a flow"),
    ("POST", "flows", "disable", Operation.MANAGE_TASKS, "Pause a flow"),
    ("POST", "flows", "save", Operation.MANAGE_TASKS, "Save a flow"),
    ("GET", "flows", "delete", Operation.MANAGE_TASKS, "Delete a flow"),
    ("POST", "flows", "import", Operation.MANAGE_TASKS, "Import a flow"),
    ("GET", "flows", "export", Operation.MANAGE_TASKS, "Export a flow"),
    ("GET", "flowInstances", "get", Operation.READ, "Return an instance"),
    ("POST", "flowInstances", "search", Operation.LIST, "Search instances"),
    ("POST", "flowInstances", "cancel", Operation.TERMINATE, "Cancel an instance"),
    ("GET", "taskInstances", "get", Operation.READ, "Return the run of one task of an instance"),
    ("GET", "taskInstances", "getLog", Operation.READ, "Return the log of that run"),
    ("POST", "directories", "create", Operation.MANAGE_TASKS, "Create a directory"),
    ("GET", "directories", "listWorkFlowDirs", Operation.READ, "Return the tree of directories and flows"),
    ("GET", "time", "getCurrentTime", _TIME, "Return the time in UTC milliseconds"),
    ("GET", "time", "getTimeZone", _TIME, "Return the zone of time texts"),
)

OPERATIONS = tuple(EnosOperation(*row) for row in _ROWS)
