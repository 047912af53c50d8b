"""Why was a call refused: what the audit log kept of it, for administrators.

The string to sign, the digests' prefixes and the skew are there only for calls refused while the setting
`diagnosis.enabled` was on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..domain.audit import AuditRecord, Outcome
from ..domain.operations import Operation
from ..domain.records import LOCAL, Principal
from ..store.store import Store
from .permissions import require


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal of a request: `reason` is the first check that failed, `at` UTC epoch milliseconds.

    `diagnosis` is empty unless it was switched on; it never holds a secret.
    """

    at: int
    actor: str
    address: str
    action: str
    target: str
    reason: str
    code: str
    diagnosis: Mapping[str, Any]

    def lines(self) -> Iterator[str]:
        """Yield what is known, one `name: value` a line."""
        yield f"who: {self.actor}"
        yield f"from: {self.address or 'unknown'}"
        yield f"what: {self.action} {self.target}"
        yield f"first failing check: {self.reason}"
        for name, value in self.diagnosis.items():
            yield f"{name.replace('_', ' ')}: {_told(value)}"


class DiagnosisService:
    """Reads refusals back by the request id that the answer and the log carried."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def explain(self, request_id: str, principal: Principal = LOCAL) -> list[Refusal]:
        """Return the refusals of a request, oldest first; none when it was not refused. Raises PermissionDenied."""
        require(principal, Operation.READ_AUDIT)
        records = self._store.audit.of_request(request_id)
        return [_refusal(record) for record in records if record.entry.outcome is Outcome.REFUSED]


def _refusal(record: AuditRecord) -> Refusal:
    entry = record.entry
    return Refusal(
        at=record.at,
        actor=entry.actor,
        address=entry.address,
        action=entry.action,
        target=entry.target,
        reason=entry.reason,
        code=str(entry.details.get("code", "")),
        diagnosis=entry.details.get("diagnosis") or {},
    )


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return "unknown" if value is None else str(value)
