"""How a run, or a part of it, ended."""

from dataclasses import dataclass

from ..domain.states import Reason
from ..nodes.errors import BuildError, DirtyLimitExceeded, NodeError


@dataclass(frozen=True, slots=True)
class Outcome:
    """The reason of a success is None."""

    reason: Reason | None = None
    message: str = ""

    @classmethod
    def of(cls, error: NodeError, message: str) -> "Outcome":
        """Return how a node that failed with this error makes its instance end."""
        if isinstance(error, BuildError):
            return cls(Reason.BUILD, message)
        return cls(Reason.DIRTY if isinstance(error, DirtyLimitExceeded) else Reason.ERROR, message)
