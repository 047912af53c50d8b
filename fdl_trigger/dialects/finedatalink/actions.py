"""What each operation asks of `core`, and the payload it answers with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Semaphore
from typing import Any

from ...core.instances import InstanceService
from ...domain.operations import Operation
from ...domain.records import Instance, InstanceFilter, Principal
from ...domain.states import Trigger
from . import answers
from .operations import WireOperation
from .words import STATUS_FILTERS, TRIGGER_FILTERS

Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks; `operator` is the user they say they act for (`decUser`)."""

    principal: Principal
    operator: str | None


Action = Callable[[Arguments, Caller], Any]


class Actions:
    """The operations as functions of their arguments and their caller.

    At most `waiting_calls` run calls wait for their run at a time; the others are answered at once.
    """

    def __init__(self, instances: Callable[[], InstanceService], waiting_calls: int) -> None:
        self._instances = instances
        self._waiting = Semaphore(waiting_calls)

    def of(self, wire: WireOperation) -> Action:
        """Return the function that carries out an operation."""
        if wire.operation is Operation.TERMINATE:
            return self._terminate_instance if wire.key == "recordId" else self._terminate_task
        return {Operation.LIST: self._list, Operation.READ: self._read, Operation.EXECUTE: self._execute}[
            wire.operation
        ]

    def _list(self, arguments: Arguments, caller: Caller) -> list[dict[str, Any]]:
        found = self._instances().list(_filter(arguments), **_task(arguments), principal=caller.principal)
        return [answers.instance(one) for one in found]

    def _read(self, arguments: Arguments, caller: Caller) -> dict[str, Any]:
        one = self._instances().get(_uid(arguments, "recordId"), caller.principal)
        return answers.instance_with_nodes(one, self._instances().node_runs(one.uid, caller.principal))

    def _execute(self, arguments: Arguments, caller: Caller) -> dict[str, Any]:
        one = self._instances().execute(
            **_task(arguments),
            params=arguments["params"] or {},
            trigger=Trigger.API,
            operator=caller.operator,
            principal=caller.principal,
        )
        seconds = arguments["wait"]
        return answers.instance(self._awaited(one, seconds)) if seconds else {"recordId": one.uid}

    def _awaited(self, one: Instance, seconds: float) -> Instance:
        if not self._waiting.acquire(blocking=False):
            return one
        try:
            return self._instances().wait(one.uid, seconds)  # its own run: leave to run it is leave to see it end
        finally:
            self._waiting.release()

    def _terminate_task(self, arguments: Arguments, caller: Caller) -> dict[str, Any]:
        stopped = self._instances().terminate_task(**_task(arguments), principal=caller.principal)
        return {"recordIds": [one.uid for one in stopped]}

    def _terminate_instance(self, arguments: Arguments, caller: Caller) -> dict[str, Any]:
        one = self._instances().terminate(_uid(arguments, "recordId"), caller.principal)
        return {"recordId": one.uid, "recordIds": [one.uid]}


def _task(arguments: Arguments) -> dict[str, Any]:
    if "workName" in arguments:
        return {"name": arguments["workName"]}
    return {"uid": _uid(arguments, "workId")}


def _uid(arguments: Arguments, key: str) -> str:
    return str(arguments[key]).strip().lower()


def _filter(arguments: Arguments) -> InstanceFilter:
    status, trigger, size = arguments["taskStatus"], arguments["triggerMethod"], arguments["pageSize"]
    latest = arguments["latest"]  # the filters first, then the newest (section 4)
    return InstanceFilter(
        outcomes=STATUS_FILTERS[status] if status else None,
        triggers=TRIGGER_FILTERS[trigger] if trigger else None,
        since=arguments["startTime"],
        until=arguments["finishTime"],
        limit=1 if latest else size,
        offset=0 if latest else (arguments["pageNum"] - 1) * size,
    )
