"""Actions on instances: run, read, list, stop, retry, mark, log (schedulerx.md section 7)."""

import json
from collections.abc import Iterable
from datetime import date, datetime, tzinfo
from itertools import islice
from typing import Any

from ...core.orders import Order
from ...domain.operations import Operation
from ...domain.records import Instance, InstanceFilter, LogLine
from ...domain.states import Trigger
from ..base import Services
from .arguments import Arguments, invalid
from .lookup import Caller, Lookup
from .parameters import read_parameters, takes_whole, write_parameters
from .words import STATUS_FILTERS, SUCCEEDED, status_number, time_type, trigger_number, wall_time

Data = dict[str, Any] | None
MAX_PAGE_NUMBER = 1_000_000
MAX_PAGE_SIZE = 1000
MAX_LINES = 200
LAST_TIME = 4_102_444_800_000  # 2100
_NEVER: tuple[Any, ...] = ()


class InstanceActions:
    """What callers can do with the runs of a job."""

    def __init__(self, services: Services, lookup: Lookup) -> None:
        self._services = services
        self._lookup = lookup

    def execute(self, caller: Caller) -> Data:
        """ExecuteJob: run a job once; every call is a run of its own."""
        task = self._lookup.job(caller, Operation.EXECUTE).task
        text = caller.arguments.text("InstanceParameters")
        order = Order(
            read_parameters(text, whole=takes_whole(task.published)),
            Trigger.API,
            even_disabled=not caller.arguments.flag("CheckJobStatus", True),
        )
        one = self._services.instances().trigger(order, uid=task.uid, principal=caller.principal).instance
        return {"JobInstanceId": one.id}

    def read(self, caller: Caller) -> Data:
        """GetJobInstance."""
        one = self._lookup.instance(caller, Operation.READ)
        marked = self._services.exposure().marked([one])
        details = detail(one, one.id in marked, self._services.zone)
        more = {"Parameters": write_parameters(one.params), "JobName": one.task_name, "TraceId": one.uid}
        return {"JobInstanceDetail": {**details, **more}}

    def search(self, caller: Caller) -> Data:
        """GetJobInstanceList: newest first."""
        task = self._lookup.job(caller, Operation.LIST).task
        found = self._services.instances().list(_filter(caller.arguments), uid=task.uid, principal=caller.principal)
        marked = self._services.exposure().marked(found) if found else frozenset()
        return {"JobInstanceDetails": [detail(one, one.id in marked, self._services.zone) for one in found]}

    def stop(self, caller: Caller) -> Data:
        """StopInstance."""
        one = self._lookup.instance(caller, Operation.TERMINATE, "InstanceId")
        self._services.instances().terminate(one.uid, caller.principal)
        return None

    def retry(self, caller: Caller) -> Data:
        """RetryJobInstance: run a finished instance again, as a new one."""
        one = self._lookup.instance(caller, Operation.EXECUTE)
        self._services.reruns().retry(one.uid, principal=caller.principal)
        return None

    def mark_succeeded(self, caller: Caller) -> Data:
        """SetJobInstanceSuccess."""
        one = self._lookup.instance(caller, Operation.EXECUTE)
        self._services.exposure().mark_succeeded(one, caller.principal)
        return None

    def rerun(self, caller: Caller) -> Data:
        """RerunJob: run a job once for every date of a range."""
        task = self._lookup.job(caller, Operation.EXECUTE).task
        arguments = caller.arguments
        first, last = (self._date(arguments, name) for name in ("StartDate", "EndDate"))
        _require_time_of_day(arguments)
        if first > last:
            raise invalid("EndDate", "it is before StartDate.")
        self._services.reruns().backfill(first, last, uid=task.uid, principal=caller.principal)
        return None

    def _date(self, arguments: Arguments, name: str) -> date:
        at_ms = arguments.required_whole(name, 0, LAST_TIME)
        return datetime.fromtimestamp(at_ms / 1000).astimezone(self._services.zone).date()

    def log(self, caller: Caller) -> Data:
        """GetLog."""
        one = self._lookup.instance(caller, Operation.READ)
        arguments = caller.arguments
        offset, number = arguments.whole("Offset") or 0, arguments.whole("Line", 1, MAX_LINES) or MAX_LINES
        reverse = arguments.flag("Reverse", False)
        lines = list(_wanted(self._services.instances().log(one.uid, principal=caller.principal), arguments))
        chosen = islice(reversed(lines) if reverse else lines, offset, offset + number)
        return {"Logs": [_line(line, self._services.zone) for line in chosen]}


def detail(one: Instance, is_marked: bool, zone: tzinfo | None) -> dict[str, Any]:
    """Return `JobInstanceDetail`; a marked instance counts as succeeded."""
    times = {"StartTime": one.started_at, "EndTime": one.finished_at}
    return {
        "InstanceId": one.id,
        "JobId": one.task_id,
        "Status": SUCCEEDED if is_marked else status_number(one),
        "ScheduleTime": wall_time(one.due_at, zone),
        "DataTime": wall_time(one.created_at if one.service_date is None else one.service_date, zone),
        **{name: wall_time(at, zone) for name, at in times.items() if at is not None},
        "TriggerType": trigger_number(one),
        "TimeType": time_type(one),
        "Result": one.message or "",
        "Progress": json.dumps({"readRows": one.counts.read, "writtenRows": one.counts.written}),
        "Executor": one.trigger_by,
    }


def _filter(arguments: Arguments) -> InstanceFilter:
    status, size = arguments.whole("Status", 0, 99), arguments.whole("PageSize", 1, MAX_PAGE_SIZE) or 10
    number = arguments.whole("PageNum", 1, MAX_PAGE_NUMBER) or 1
    return InstanceFilter(
        outcomes=None if status is None else STATUS_FILTERS.get(status, _NEVER),
        since=arguments.whole("StartTimestamp"),
        until=arguments.whole("EndTimestamp"),
        limit=size,
        offset=(number - 1) * size,
    )


def _require_time_of_day(arguments: Arguments) -> None:
    text = arguments.text("DataTime")
    try:
        if text:
            datetime.strptime(text, "%H:%M:%S")
    except ValueError:
        raise invalid("DataTime", "write HH:mm:ss.") from None


def _wanted(lines: Iterable[LogLine], arguments: Arguments) -> Iterable[LogLine]:
    keyword = arguments.text("Keyword")
    since, until = arguments.whole("StartTimestamp") or 0, arguments.whole("EndTimestamp") or LAST_TIME
    return (line for line in lines if keyword in line.text and since <= line.at <= until)


def _line(line: LogLine, zone: tzinfo | None) -> str:
    where = f" [{line.node}]" if line.node else ""
    return f"{wall_time(line.at, zone)} {line.level}{where} {line.text}"
