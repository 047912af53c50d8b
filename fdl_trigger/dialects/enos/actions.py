"""The table of what each operation does."""

from collections.abc import Callable, Mapping
from typing import Any

from ..base import Services
from .catalog import Catalog
from .directories import Directories
from .documents import Documents
from .flows import Flows
from .graphs import Graphs
from .instances import Instances
from .requests import Call
from .task_instances import TaskInstances
from .times import ZONE
from .triggers import Triggers

Action = Callable[[Call], Any]


def actions_of(services: Services, min_interval_ms: int) -> Mapping[tuple[str, str], Action]:
    """Return what carries out each operation, by its path and its action."""
    flows, graphs = Flows(services), Graphs(services)
    triggers = Triggers(services, flows, min_interval_ms)
    catalog, documents = Catalog(services, flows, graphs), Documents(services, flows)
    instances = Instances(services, flows, graphs)
    task_instances, directories = TaskInstances(services, instances), Directories(services, flows)
    return {
        ("flows", "triggerFromTask"): triggers.trigger_from_task,
        ("flows", "trigger"): triggers.trigger,
        ("flows", "updateAndTrigger"): triggers.trigger_with_parameters,
        ("flows", "get"): catalog.get,
        ("flows", "loadForEdit"): catalog.get,
        ("flows", "search"): catalog.search,
        ("flows", "getMyFlow"): catalog.mine,
        ("flows", "enable"): catalog.enable,
        ("flows", "disable"): catalog.disable,
        ("flows", "save"): documents.save,
        ("flows", "delete"): documents.delete,
        ("flows", "import"): documents.import_,
        ("flows", "export"): documents.export,
        ("flowInstances", "get"): instances.get,
        ("flowInstances", "search"): instances.search,
        ("flowInstances", "cancel"): instances.cancel,
        ("taskInstances", "get"): task_instances.get,
        ("taskInstances", "getLog"): task_instances.log,
        ("directories", "create"): directories.create,
        ("directories", "listWorkFlowDirs"): directories.tree,
        ("time", "getCurrentTime"): lambda call: services.clock(),
        ("time", "getTimeZone"): lambda call: {"timezone": ZONE},
    }
