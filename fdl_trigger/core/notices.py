"""Look at what became of notices, ask for one again, try a channel out."""

import builtins
import secrets

from ..domain.clock import Clock
from ..domain.errors import ObjectNotFound
from ..domain.notices import Delivery, Try, moment
from ..domain.operations import Operation
from ..domain.records import LOCAL, Principal
from ..nodes.channels.base import Message, Receipt
from ..nodes.channels.errand import Errand
from ..nodes.context import Limits
from ..store.store import Store
from .lookup import find_task
from .permissions import require_everywhere


class NoticeService:
    """The use cases around notices; they are sent by the engine."""

    def __init__(self, store: Store, limits: Limits, clock: Clock) -> None:
        self._store = store
        self._limits = limits
        self._clock = clock

    def list(
        self, *, limit: int = 100, name: str | None = None, principal: Principal = LOCAL
    ) -> builtins.list[Delivery]:
        """Return deliveries, newest first, of one task or of all; raises PermissionDenied, TaskNotFound."""
        require_everywhere(principal, Operation.MANAGE_TASKS)
        snapshot = self._store.catalog.current()
        task_id = None if name is None else find_task(snapshot, None, name, principal, Operation.MANAGE_TASKS).id
        return self._store.notices.newest(limit, task_id)

    def get(self, delivery_id: int, principal: Principal = LOCAL) -> Delivery:
        """Return a delivery; raises PermissionDenied, ObjectNotFound."""
        require_everywhere(principal, Operation.MANAGE_TASKS)
        return self._require(delivery_id)

    def tries(self, delivery_id: int, principal: Principal = LOCAL) -> builtins.list[Try]:
        """Return every try of a delivery, oldest first; raises PermissionDenied, ObjectNotFound."""
        require_everywhere(principal, Operation.MANAGE_TASKS)
        self._require(delivery_id)
        return self._store.notices.tries(delivery_id)

    def retry(self, delivery_id: int, principal: Principal = LOCAL) -> Delivery:
        """Make a delivery due now, delivered or not; raises PermissionDenied, ObjectNotFound."""
        require_everywhere(principal, Operation.MANAGE_TASKS)
        self._require(delivery_id)
        self._store.notices.retry(delivery_id, principal.did("notice.retry", str(delivery_id)))
        return self._require(delivery_id)

    def test(self, channel: str, principal: Principal = LOCAL) -> Receipt:
        """Send a message over a channel now.

        Raises PermissionDenied, ObjectNotFound, and NodeError when the channel does not take it.
        """
        require_everywhere(principal, Operation.MANAGE_TASKS)
        # urllib3 takes half a second to import.
        from ..nodes.channels.sending import send

        connection = self._store.catalog.current().connections.get(channel)
        if connection is None:
            raise ObjectNotFound(f"There is no connection '{channel[:64]}'.")
        return send(connection, self._message(channel), Errand(self._limits))

    def _message(self, channel: str) -> Message:
        now = self._clock()
        text = f"This is a test of the channel '{channel}'."
        document = {"type": "notice.test", "timestamp": moment(now), "data": {"channel": channel, "text": text}}
        return Message(f"msg_{secrets.token_hex(16)}", "fdl-trigger: test", text, document, now)

    def _require(self, delivery_id: int) -> Delivery:
        delivery = self._store.notices.get(delivery_id)
        if delivery is None:
            raise ObjectNotFound(f"There is no delivery {delivery_id}.")
        return delivery
