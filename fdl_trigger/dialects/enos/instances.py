"""Instances of flows: one, a page of them, cancelled."""

from collections.abc import Mapping
from typing import Any

from ...core.exposure import Exposed
from ...domain.errors import InstanceFinished, InstanceNotFound, InvalidRequest
from ...domain.operations import Operation
from ...domain.records import Instance, NodeRun
from ...domain.searching import Ending, InstanceSearch, Moment
from ...domain.states import Trigger
from ..base import Services
from .errors import BAD_SORTER, Refusal
from .flows import Flows, matching
from .graphs import Graphs
from .identifiers import InstanceId, parse
from .requests import Call, as_integer
from .words import FILTERS, TYPES

PAGE_SIZE, LARGEST_PAGE = 10, 1000
_LAST_PAGE = 10**9
_SORTERS = {
    "createtime": Moment.CREATED,
    "updatetime": Moment.MODIFIED,
    "starttime": Moment.STARTED,
    "triggertime": Moment.TRIGGERED,
    "endtime": Moment.FINISHED,
}


class Instances:
    """The operations on instances."""

    def __init__(self, services: Services, flows: Flows, graphs: Graphs) -> None:
        self._services = services
        self._flows = flows
        self._graphs = graphs

    def get(self, call: Call) -> dict[str, Any]:
        """Return an instance."""
        one, flow = self.find(_parsed(call.asked("flowInstId")), call, Operation.READ)
        return self._graphs.instance(one, flow, call.user, self.runs(one, call))

    def find(self, wanted: InstanceId, call: Call, operation: Operation) -> tuple[Instance, Exposed]:
        """Return an instance and its flow; raises InstanceNotFound, InvalidParameter, PermissionDenied."""
        needs_owner = operation is Operation.TERMINATE
        find = self._flows.to_change if needs_owner else self._flows.to_read
        flow = find(wanted.number, call, operation)
        search, number = self._services.search(), wanted.instance_number
        if number is not None:
            found = search.by_number(flow.task.id, number)
        else:
            found = search.by_key(flow.task.id, wanted.dedupe_key)
        if found is None:
            raise InstanceNotFound
        return self._services.instances().get(found.uid, call.principal, operation), flow

    def runs(self, one: Instance, call: Call) -> Mapping[str, NodeRun]:
        """Return the runs of an instance's nodes by the ids of these."""
        return {run.node_id: run for run in self._services.instances().node_runs(one.uid, call.principal)}

    def cancel(self, call: Call) -> str:
        """Cancel an instance; one that has ended stays as it is."""
        one, _ = self.find(_parsed(call.text("flowInstId")), call, Operation.TERMINATE)
        if not one.apparent_state.is_final:
            try:
                self._services.instances().terminate(one.uid, call.principal)
            except InstanceFinished:
                return ""
        return ""

    def search(self, call: Call) -> dict[str, Any]:
        """Return a page of the instances of the flows the caller may see, and how many there are."""
        owners = set(_commas(call.body.get("owner")))
        flows = {
            flow.task.id: flow
            for flow in matching(self._flows.readable(call, Operation.LIST), call.text("expression", default=""))
            if not owners or owners & set(flow.names["owners"])
        }
        where = _search(call, tuple(flows))
        found, count = self._services.search().search(where, call.principal)
        listed = [self._graphs.listed(one, flows[one.task_id], call.user, self._runs(one, call)) for one in found]
        return {"flowInsts": listed, "count": count}

    def _runs(self, one: Instance, call: Call) -> Mapping[str, NodeRun]:
        # To list is less than to read: without that grant the tasks are shown as not yet begun.
        may_read = call.principal.may(Operation.READ, one.task_id)
        return self.runs(one, call) if may_read else {}


def _parsed(text: str) -> InstanceId:
    found = parse(text.strip())
    if found is None:
        raise InstanceNotFound
    return found


def _search(call: Call, task_ids: tuple[int, ...]) -> InstanceSearch:
    page = call.body.get("pagination") or {}
    if not isinstance(page, dict):
        raise InvalidRequest("pagination is an object.")
    number, size = _whole(page, "pageNo", 1, _LAST_PAGE), _whole(page, "pageSize", PAGE_SIZE, LARGEST_PAGE)
    size = size or PAGE_SIZE
    return InstanceSearch(
        task_ids,
        endings=_endings(call.body.get("status")),
        triggers=_triggers(call.optional_number("type")),
        since=call.optional_number("fromTriggerTime"),
        until=call.optional_number("toTriggerTime"),
        order=tuple(_sorter(one) for one in _sorters(page)),
        limit=size,
        offset=max(0, number - 1) * size,
    )


def _whole(page: Mapping[str, Any], name: str, default: int, largest: int) -> int:
    if page.get(name) in (None, ""):
        return default
    found = as_integer(page[name])
    if found is None or not 0 <= found <= largest:
        raise InvalidRequest(f"{name} is a whole number up to {largest}.")
    return found


def _sorters(page: Mapping[str, Any]) -> list[Any]:
    given = page.get("sorters") or []
    if not isinstance(given, list) or len(given) > len(_SORTERS):
        raise Refusal(62102, BAD_SORTER)
    return given


def _sorter(given: Any) -> tuple[Moment, bool]:
    field, order = (given.get("field"), given.get("order")) if isinstance(given, dict) else (None, None)
    moment = _SORTERS.get(field.replace("_", "").lower()) if isinstance(field, str) else None
    down = str(order or "ASC").upper()
    if moment is None or down not in ("ASC", "DESC"):
        raise Refusal(62102, BAD_SORTER)
    return moment, down == "DESC"


def _endings(given: object) -> tuple[Ending, ...] | None:
    wanted = _commas(given)
    if not wanted:
        return None
    numbers = [as_integer(one) for one in wanted]
    if any(one is None or not -1 <= one <= 10 for one in numbers):
        raise InvalidRequest("status is a list of numbers from -1 to 10.")
    return tuple(FILTERS[one] for one in numbers if one in FILTERS)


def _triggers(kind: int | None) -> frozenset[Trigger] | None:
    if kind is None:
        return None
    if kind not in TYPES:
        raise InvalidRequest("type is 0, 1 or 2.")
    return TYPES[kind]


def _commas(given: object) -> list[str]:
    if given is None:
        return []
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise InvalidRequest("A list is written with commas.")
    return [one.strip() for one in str(given).split(",") if one.strip()]
