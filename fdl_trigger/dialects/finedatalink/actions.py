"""What each operation asks of `core`, and the payload it answers with."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from threading import Semaphore
from typing import Any

from ...core.instances import InstanceService
from ...core.orders import Order
from ...core.watching import Change, Since, WatchService
from ...domain.errors import RateLimited
from ...domain.operations import Operation
from ...domain.records import Instance, InstanceFilter, Principal
from ...domain.states import Trigger
from . import answers
from .operations import WireOperation
from .streams import stream
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

    At most `waiting_calls` calls wait for or follow a run at a time, a following one for `follow_s` seconds; the others
    are answered at once.
    """

    def __init__(
        self,
        instances: Callable[[], InstanceService],
        watching: Callable[[], WatchService],
        waiting_calls: int,
        follow_s: float,
    ) -> None:
        self._instances = instances
        self._watching = watching
        self._follow_s = follow_s
        self._waiting = Semaphore(waiting_calls)

    def of(self, wire: WireOperation) -> Action:
        """Return the function that carries out an operation."""
        if wire.operation is Operation.TERMINATE:
            return self._terminate_instance if wire.key == "recordId" else self._terminate_task
        if wire.streams:
            return self._follow
        return {Operation.LIST: self._list, Operation.READ: self._read, Operation.EXECUTE: self._execute}[
            wire.operation
        ]

    def _list(self, arguments: Arguments, caller: Caller) -> list[dict[str, Any]]:
        found = self._instances().list(_filter(arguments), **_task(arguments), principal=caller.principal)
        return [answers.instance(one) for one in found]

    def _read(self, arguments: Arguments, caller: Caller) -> dict[str, Any]:
        one, since = self._now(_uid(arguments, "recordId"), arguments, caller.principal)
        return {
            **answers.instance_with_nodes(one, self._instances().node_runs(one.uid, caller.principal)),
            "waitingFor": self._watching().why_waiting(one),
            "since": str(since),
        }

    def _now(self, uid: str, arguments: Arguments, principal: Principal) -> tuple[Instance, Since]:
        if not arguments["since"] and not arguments["wait"]:
            return self._watching().now(uid, principal)
        seen = Since.parse(arguments["since"] or "")
        change = self._next_change(uid, seen, arguments["wait"] or 0.0, principal)
        return change.instance, change.since

    def _next_change(self, uid: str, since: Since, seconds: float, principal: Principal) -> Change:
        """Return what is new, or after `seconds` that nothing is; at once when too many calls wait already."""
        may_wait = seconds > 0 and self._waiting.acquire(blocking=False)
        try:
            return self._watching().next_change(uid, since, seconds if may_wait else 0.0, principal)
        finally:
            if may_wait:
                self._waiting.release()

    def _follow(self, arguments: Arguments, caller: Caller) -> Iterator[str]:
        if not self._waiting.acquire(blocking=False):
            raise RateLimited("Too many calls wait or follow at the moment; try again in 5 s.", retry_after=5)
        uid, since = _uid(arguments, "recordId"), Since.parse(arguments["since"] or "")
        seconds = arguments["wait"] or self._follow_s
        return stream(self._watching().changes(uid, since, seconds, caller.principal), self._waiting.release)

    def _execute(self, arguments: Arguments, caller: Caller) -> dict[str, Any]:
        order = Order(
            params=arguments["params"] or {},
            trigger=Trigger.API,
            operator=caller.operator,
            due_at=arguments["triggerTime"],
            idempotency_key=arguments["idempotencyKey"],
        )
        done = self._instances().trigger(order, **_task(arguments), principal=caller.principal)
        one, seconds = done.instance, arguments["wait"]
        answer = answers.instance(self._awaited(one, seconds)) if seconds else {"recordId": one.uid}
        return answer if done.why is None else {**answer, "repeated": True, "why": done.why}

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
