"""Starting flows: whole, from one of their tasks, or with parameters of their own (enos-flows.md sections 3 and 4)."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from ...core.exposure import Exposed
from ...core.orders import Order
from ...domain.errors import InvalidRequest, TaskNotFound, TaskNotPublished
from ...domain.flow import WHOLE, Extent, Portion
from ...domain.states import Trigger
from ..base import Services
from .errors import CANNOT_CREATE, Refusal
from .flows import Flows, document_of
from .identifiers import LATEST_MS, dedupe_key, minute_of
from .requests import Call


class Triggers:
    """The three triggers. `min_interval_ms` is the least time between two of one flow."""

    def __init__(self, services: Services, flows: Flows, min_interval_ms: int) -> None:
        self._services = services
        self._flows = flows
        self._min_interval_ms = min_interval_ms

    def trigger(self, call: Call) -> dict[str, str]:
        """Run a flow."""
        number, at = call.number("flowId"), _trigger_time(call)
        return self._start(self._flows.to_trigger(number, call), call, at, {}, WHOLE)

    def trigger_with_parameters(self, call: Call) -> dict[str, str]:
        """Run a flow with parameters that count for this instance only."""
        number, at, params = call.number("flowId"), _trigger_time(call), _parameters(call.body.get("parameters"))
        return self._start(self._flows.to_trigger(number, call), call, at, params, WHOLE)

    def trigger_from_task(self, call: Call) -> dict[str, str]:
        """Run a task and everything downstream of it."""
        number, task_number, at = call.number("flowId"), call.number("taskId"), _trigger_time(call)
        flow, node = self._flows.to_trigger(number, call), self._services.numbers().node(task_number)
        if node is None or node[0] != number or all(one["id"] != node[1] for one in document_of(flow)["nodes"]):
            raise TaskNotFound(f"There is no task {task_number} in flow {number}.")
        return self._start(flow, call, at, {}, Portion(Extent.FROM, node[1]))

    def _start(self, flow: Exposed, call: Call, at: int, params: Mapping[str, Any], portion: Portion) -> dict[str, str]:
        self._flows.owned(flow, call)
        if flow.task.version is None:
            raise TaskNotPublished
        now = self._services.clock()
        self._require_interval(flow, now)
        order = Order(
            params=params,
            trigger=Trigger.API,
            operator=call.user,
            portion=portion,
            due_at=at if at > now else None,
            service_date=at,
            dedupe_key=dedupe_key(at),
        )
        try:
            self._services.instances().trigger(order, uid=flow.task.uid, principal=call.principal)
        except sqlite3.IntegrityError:
            raise Refusal(62102, CANNOT_CREATE) from None
        return {"flowInstanceId": f"{flow.task.id}-{minute_of(at)}"}

    def _require_interval(self, flow: Exposed, now: int) -> None:
        if not self._min_interval_ms:
            return
        last = self._services.search().last_created(flow.task.id)
        if last is not None and now - last < self._min_interval_ms:
            raise Refusal(62102, CANNOT_CREATE)


def _trigger_time(call: Call) -> int:
    at = call.number("triggerTime")
    if not 0 <= at <= LATEST_MS:
        raise InvalidRequest("triggerTime is in milliseconds since 1970.")
    return at


def _parameters(given: object) -> dict[str, Any]:
    if given in (None, ""):
        return {}
    if not isinstance(given, list):
        raise InvalidRequest('parameters is a list of {"key", "value"}.')
    found: dict[str, Any] = {}
    for one in given:
        key = one.get("key") if isinstance(one, dict) else None
        value = one.get("value") if isinstance(one, dict) else None
        if not isinstance(key, str) or isinstance(value, dict | list):
            raise InvalidRequest('parameters is a list of {"key", "value"}.')
        found[key] = value
    return found
