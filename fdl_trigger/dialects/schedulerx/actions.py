"""Every action by its name, with what it asks of its caller."""

from collections.abc import Callable
from dataclasses import dataclass

from ...domain.operations import Operation
from ..base import Services
from .instances import Data, InstanceActions
from .jobs import JobActions
from .lookup import Caller, Lookup
from .namespaces import NamespaceActions


@dataclass(frozen=True, slots=True)
class Action:
    """One action; `run` returns what stands under `Data`, None for nothing."""

    name: str
    operation: Operation
    run: Callable[[Caller], Data]


def actions_of(services: Services) -> dict[str, Action]:
    """Return the actions by name."""
    lookup = Lookup(services.exposure, services.instances)
    instances, jobs = InstanceActions(services, lookup), JobActions(services, lookup)
    namespaces = NamespaceActions(services)
    execute, read, manage = Operation.EXECUTE, Operation.READ, Operation.MANAGE_TASKS
    every = (
        Action("ExecuteJob", execute, instances.execute),
        Action("GetJobInstance", read, instances.read),
        Action("GetJobInstanceList", Operation.LIST, instances.search),
        Action("StopInstance", Operation.TERMINATE, instances.stop),
        Action("RetryJobInstance", execute, instances.retry),
        Action("RerunJob", execute, instances.rerun),
        Action("SetJobInstanceSuccess", execute, instances.mark_succeeded),
        Action("GetLog", read, instances.log),
        Action("GetJobInfo", read, jobs.info),
        Action("ListJobs", read, jobs.search),
        Action("EnableJob", manage, jobs.enable),
        Action("DisableJob", manage, jobs.disable),
        Action("DeleteJob", manage, jobs.delete),
        Action("BatchEnableJobs", manage, jobs.enable_many),
        Action("BatchDisableJobs", manage, jobs.disable_many),
        Action("BatchDeleteJobs", manage, jobs.delete_many),
        Action("CreateJob", manage, jobs.create),
        Action("UpdateJob", manage, jobs.update),
        Action("ListGroups", read, namespaces.groups),
        Action("ListNamespaces", read, namespaces.search),
        Action("CreateNamespace", manage, namespaces.create),
    )
    return {action.name: action for action in every}
