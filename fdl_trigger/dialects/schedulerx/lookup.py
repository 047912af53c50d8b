"""Finding jobs and their instances by the numbers and names callers send."""

from collections.abc import Callable
from dataclasses import dataclass

from ...core.exposure import Exposed, ExposureService
from ...core.instances import InstanceService
from ...domain.errors import InstanceNotFound, TaskNotFound
from ...domain.operations import Operation
from ...domain.records import Instance, Principal
from .arguments import Arguments

DIALECT = "schedulerx"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and the parameters of what is asked."""

    principal: Principal
    arguments: Arguments


class Lookup:
    """Finds what a caller names and may use; everything else is told not to exist, in the words of upstream."""

    def __init__(self, exposure: Callable[[], ExposureService], instances: Callable[[], InstanceService]) -> None:
        self._exposure = exposure
        self._instances = instances

    def job(self, caller: Caller, operation: Operation) -> Exposed:
        """Return the job `JobId` of the caller's group; raises PermissionDenied, TaskNotFound."""
        return self.numbered(caller, caller.arguments.required_whole("JobId"), operation)

    def numbered(self, caller: Caller, number: int, operation: Operation) -> Exposed:
        """Return the job with a number; raises PermissionDenied, TaskNotFound."""
        namespace, group = caller.arguments.required("Namespace"), caller.arguments.required("GroupId")
        found = self._exposure().get(DIALECT, number, caller.principal, operation)
        if found is not None and is_in(found, namespace, group):
            return found
        self._require_group(caller, namespace, group, operation)
        if found is not None:
            raise TaskNotFound(f"jobid: {number} not match groupId: {group[:128]}")
        raise TaskNotFound(f"jobId={number} is not existed", denied=self._exposure().exists(DIALECT, number))

    def _require_group(self, caller: Caller, namespace: str, group: str, operation: Operation) -> None:
        known = self._exposure().list(DIALECT, caller.principal, operation)
        if not any(is_in(one, namespace, group) for one in known):
            raise TaskNotFound(f"groupid not exist groupId: {group[:128]} namespace: {namespace[:128]}")

    def jobs(self, caller: Caller, operation: Operation) -> list[Exposed]:
        """Return the jobs of the caller's group, oldest first; raises PermissionDenied, TaskNotFound."""
        namespace, group = caller.arguments.required("Namespace"), caller.arguments.required("GroupId")
        self._require_group(caller, namespace, group, operation)
        known = self._exposure().list(DIALECT, caller.principal, operation)
        return [one for one in known if is_in(one, namespace, group)]

    def instance(self, caller: Caller, operation: Operation, key: str = "JobInstanceId") -> Instance:
        """Return the instance a caller names, of the job they name; raises as `job` does, and InstanceNotFound."""
        number = caller.arguments.required_whole(key)
        job = self.job(caller, operation)
        uid = self._exposure().uid_of(number)
        one = None if uid is None else self._instances().get(uid, caller.principal, operation)
        if one is None or one.task_id != job.task.id:
            raise InstanceNotFound(f"jobInstanceId={number} is not existed")
        return one


def is_in(exposed: Exposed, namespace: str, group: str) -> bool:
    """Tell whether a job belongs to a group of a namespace."""
    return (exposed.names.get("namespace"), exposed.names.get("group")) == (namespace, group)
