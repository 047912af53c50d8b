"""Read and verify the audit log."""

import builtins
from dataclasses import dataclass

from ..domain.audit import AuditRecord
from ..domain.operations import Operation
from ..domain.records import LOCAL, Principal
from ..store.audit import GENESIS, Verification
from ..store.store import Store
from .permissions import require_everywhere


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: the number and the hash of the newest entry (0 and zeros when there is none)."""

    id: int
    hash: str


class AuditService:
    """The use cases around the audit log; writing it is the business of the acts themselves."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(
        self,
        *,
        limit: int = 100,
        before: int | None = None,
        actor: str | None = None,
        principal: Principal = LOCAL,
    ) -> builtins.list[AuditRecord]:
        """Return entries, newest first; `before` is the number the page starts below. Raises PermissionDenied."""
        require_everywhere(principal, Operation.READ_AUDIT)
        return self._store.audit.newest(limit, before, actor)

    def of_request(self, request_id: str, principal: Principal = LOCAL) -> builtins.list[AuditRecord]:
        """Return the entries of one request, oldest first; raises PermissionDenied."""
        require_everywhere(principal, Operation.READ_AUDIT)
        return self._store.audit.of_request(request_id)

    def head(self) -> Head:
        """Return the end of the chain, to be noted where nobody who writes the store can change it."""
        newest = self._store.audit.newest(1)
        return Head(newest[0].id, newest[0].hash) if newest else Head(0, GENESIS)

    def verify(self, principal: Principal = LOCAL) -> Verification:
        """Walk the whole chain; raises PermissionDenied."""
        require_everywhere(principal, Operation.READ_AUDIT)
        return self._store.audit.verify()

    def knows(self, noted: str) -> bool:
        """Tell whether a head noted earlier is still in the log; where it is not, the end was cut off or rewritten."""
        return noted == GENESIS or self._store.audit.holds(noted)
