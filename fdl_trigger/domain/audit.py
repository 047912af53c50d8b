"""An entry of the audit log: who did what, from where, and whether it was allowed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """How an audited act ended."""

    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act. `action` is a verb with its noun ("task.publish"), `target` names what it was done to.

    `details` must never hold a secret. `address` is where the call came from, `request_id` joins the entry with the
    log and the answer.
    """

    actor: str
    action: str
    target: str
    outcome: Outcome = Outcome.DONE
    reason: str = ""
    address: str = ""
    request_id: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An entry as it was kept: its number, its time in UTC epoch milliseconds and its link of the chain."""

    id: int
    at: int
    entry: AuditEntry
    hash: str
