"""Actions on jobs: look at them, switch them on and off, create, change and delete them (schedulerx.md section 7)."""

import json
from typing import Any

from ...core.exposure import Exposed
from ...domain.errors import TaskNotFound
from ...domain.operations import Operation
from ..base import Services
from .documents import changed_document, new_document
from .instances import MAX_PAGE_NUMBER, MAX_PAGE_SIZE, Data
from .lookup import Caller, Lookup
from .words import API, CRON

_JOB_TYPES = {"SHELL": "shell", "PYTHON": "python"}


class JobActions:
    """What callers can do with jobs."""

    def __init__(self, services: Services, lookup: Lookup) -> None:
        self._services = services
        self._lookup = lookup

    def info(self, caller: Caller) -> Data:
        """GetJobInfo: by `JobId` or `JobName`."""
        name = caller.arguments.text("JobName")
        if not name or caller.arguments.text("JobId"):
            return {"JobConfigInfo": config(self._lookup.job(caller, Operation.READ))}
        found = next((one for one in self._lookup.jobs(caller, Operation.READ) if one.task.name == name), None)
        if found is None:
            raise TaskNotFound(f"jobName={name[:128]} is not existed")
        return {"JobConfigInfo": config(found)}

    def search(self, caller: Caller) -> Data:
        """ListJobs: those whose name holds `JobName`, oldest first."""
        arguments = caller.arguments
        status, name = arguments.whole("Status", 0, 1), arguments.text("JobName")
        number = arguments.whole("PageNum", 1, MAX_PAGE_NUMBER) or 1
        size = arguments.whole("PageSize", 1, MAX_PAGE_SIZE) or 10
        known = self._lookup.jobs(caller, Operation.READ)
        found = [one for one in known if name in one.task.name and status in (None, int(one.task.enabled))]
        page = found[(number - 1) * size : number * size]
        return {"Jobs": [config(one) for one in page], "PageNumber": number, "PageSize": size, "Total": len(found)}

    def enable(self, caller: Caller) -> Data:
        """EnableJob."""
        return self._enable(caller, [self._managed(caller)], True)

    def disable(self, caller: Caller) -> Data:
        """DisableJob."""
        return self._enable(caller, [self._managed(caller)], False)

    def delete(self, caller: Caller) -> Data:
        """DeleteJob."""
        return self._delete(caller, [self._managed(caller)])

    def enable_many(self, caller: Caller) -> Data:
        """BatchEnableJobs: all of them, or none when one does not exist."""
        return self._enable(caller, self._many(caller), True)

    def disable_many(self, caller: Caller) -> Data:
        """BatchDisableJobs."""
        return self._enable(caller, self._many(caller), False)

    def delete_many(self, caller: Caller) -> Data:
        """BatchDeleteJobs."""
        return self._delete(caller, self._many(caller))

    def create(self, caller: Caller) -> Data:
        """CreateJob: a published task."""
        document = new_document(caller.arguments)
        tasks = self._services.tasks()
        task = tasks.publish(uid=tasks.save(document, caller.principal).uid, principal=caller.principal)
        if caller.arguments.whole("Status", 0, 1) == 0:
            tasks.enable(uid=task.uid, enabled=False, principal=caller.principal)
        return {"JobId": task.id}

    def update(self, caller: Caller) -> Data:
        """UpdateJob: what is given changes, everything else stays."""
        task = self._managed(caller).task
        document = changed_document(task.draft if task.published is None else task.published, caller.arguments)
        tasks = self._services.tasks()
        tasks.save(document, caller.principal)
        tasks.publish(uid=task.uid, principal=caller.principal)
        return None

    def _managed(self, caller: Caller) -> Exposed:
        return self._lookup.job(caller, Operation.MANAGE_TASKS)

    def _many(self, caller: Caller) -> list[Exposed]:
        numbers = caller.arguments.wholes("JobIdList")
        return [self._lookup.numbered(caller, number, Operation.MANAGE_TASKS) for number in dict.fromkeys(numbers)]

    def _enable(self, caller: Caller, jobs: list[Exposed], enabled: bool) -> Data:
        for job in jobs:
            self._services.tasks().enable(uid=job.task.uid, enabled=enabled, principal=caller.principal)
        return None

    def _delete(self, caller: Caller, jobs: list[Exposed]) -> Data:
        for job in jobs:
            self._services.tasks().delete(uid=job.task.uid, principal=caller.principal)
        return None


def config(job: Exposed) -> dict[str, Any]:
    """Return `JobConfigInfo`."""
    task = job.task
    document = task.draft if task.published is None else task.published
    control = document.get("control") or {}
    retry = control.get("retry") or {}
    nodes = document.get("nodes") or []
    return {
        "JobId": task.id,
        "Name": task.name,
        "Description": task.description,
        "ClassName": task.name,
        "JobType": _JOB_TYPES.get(nodes[0].get("type", ""), "java") if nodes else "java",
        "ExecuteMode": "standalone",
        "Status": int(task.enabled),
        "Parameters": json.dumps(_defaults(document), ensure_ascii=False),
        "MaxAttempt": retry.get("times", 3) if retry.get("enabled") else 0,
        "AttemptInterval": round(retry.get("intervalMinutes", 2) * 60),
        "MaxConcurrency": str(control.get("parallelLimit", 1)),
        "TimeConfig": _time_config(document),
        "JobMonitorInfo": {"MonitorConfig": {"Timeout": round((control.get("timeoutMinutes") or 0) * 60)}},
    }


def _defaults(document: Any) -> dict[str, Any]:
    params = document.get("params") or ()
    return {one["name"]: one.get("value") for one in params if one.get("type") != "SECRET"}


def _time_config(document: Any) -> dict[str, Any]:
    plans = document.get("plans") or ()
    expression = next((plan["value"].get("cron") for plan in plans if plan.get("type") == "CRON"), None)
    return {"TimeType": API if expression is None else CRON, "TimeExpression": expression or ""}
