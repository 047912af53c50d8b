"""What flows there are: one, those one may see, those one owns; started and paused."""

from typing import Any

from ...domain.errors import InvalidRequest
from ..base import Services
from .flows import Flows, matching, owns
from .graphs import Graphs
from .instances import LARGEST_PAGE, PAGE_SIZE
from .requests import Call, as_integer


class Catalog:
    """The operations on flows that leave their definition alone."""

    def __init__(self, services: Services, flows: Flows, graphs: Graphs) -> None:
        self._services = services
        self._flows = flows
        self._graphs = graphs

    def get(self, call: Call) -> dict[str, Any]:
        """Return a flow."""
        return self._graphs.flow(self._flows.to_read(call.asked_number("flowId"), call), call.user)

    def search(self, call: Call) -> list[dict[str, Any]]:
        """Return the flows the caller may see: all, or a page of them where one is asked for."""
        found = matching(self._flows.readable(call), call.text("expression", default=""))
        listed = [{"flowId": flow.task.id, "flowName": flow.task.name} for flow in found]
        page = call.body.get("pagination")
        return listed if page in (None, "") else _page(listed, page)

    def mine(self, call: Call) -> list[dict[str, Any]]:
        """Return the flows the caller owns."""
        found = matching(self._flows.readable(call), call.asked("expression"))
        return [
            {
                "flowId": str(flow.task.id),
                "flowName": flow.task.name,
                "editable": True,
                "cycle": flow.names.get("cycle", ""),
            }
            for flow in found
            if owns(flow, call.user)
        ]

    def enable(self, call: Call) -> str:
        """Start a flow: it takes triggers again."""
        return self._switch(call, enabled=True)

    def disable(self, call: Call) -> str:
        """Pause a flow: it takes no triggers."""
        return self._switch(call, enabled=False)

    def _switch(self, call: Call, *, enabled: bool) -> str:
        flow = self._flows.to_change(call.number("flowId"), call)
        self._services.tasks().enable(uid=flow.task.uid, enabled=enabled, principal=call.principal)
        return ""


def _page(listed: list[dict[str, Any]], page: object) -> list[dict[str, Any]]:
    if not isinstance(page, dict):
        raise InvalidRequest("pagination is an object.")
    number, size = as_integer(page.get("pageNo", 1)), as_integer(page.get("pageSize", PAGE_SIZE))
    if number is None or size is None or number < 0 or not 0 < size <= LARGEST_PAGE:
        raise InvalidRequest("pageNo and pageSize are whole numbers.")
    first = max(0, number - 1) * size
    return listed[first : first + size]
