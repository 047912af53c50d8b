"""A real runtime behind the one door, called as a dialect calls it."""

from dataclasses import dataclass, field
from typing import Any

from fdl_trigger.auth import Rates
from fdl_trigger.auth.admission import Admission, Admitted
from fdl_trigger.auth.failed_logins import FailedLogins
from fdl_trigger.auth.refusals import Refusals
from fdl_trigger.domain.audit import AuditEntry
from fdl_trigger.domain.errors import TriggerError
from fdl_trigger.runtime import Runtime

EXECUTE = "task.execute"


@dataclass
class Door:
    """Calls are made with headers (as a dict of names on the wire), a query, a body and an address."""

    runtime: Runtime
    clock: Any
    explains: bool = False
    failed_logins: str = "30/minute"
    admission: Admission = field(init=False)

    def __post_init__(self) -> None:
        self.admission = Admission(
            lambda: self.runtime.access,
            lambda: self.runtime.keys,
            Rates(),
            FailedLogins(self.failed_logins),
            Refusals(self.runtime.store.audit.post, explains=self.explains),
            self.clock,
        )

    def call(self, headers=None, query=None, body=b"", address="10.0.0.7", operator=None, **environ) -> Admitted:
        """Call, and hand a refusal to the door as a dialect does, before it is raised here."""
        names = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (headers or {}).items()}
        facts = {"REQUEST_METHOD": "POST", "PATH_INFO": "/fdl/workId/execute", "REMOTE_ADDR": address, **environ}
        facts = {"QUERY_STRING": "", **facts, **names}
        try:
            return self.admission.admit(facts, query or {}, operator=lambda: operator, body=lambda: body)
        except TriggerError as error:
            self.admission.refused(facts, EXECUTE, error)
            raise

    def refusals(self) -> list[AuditEntry]:
        """Return the refusals in the audit log, oldest first."""
        self.runtime.store.ping()  # the writer has done what was posted before
        records = self.runtime.store.audit.newest(1000)
        return [record.entry for record in reversed(records) if record.entry.outcome == "refused"]
