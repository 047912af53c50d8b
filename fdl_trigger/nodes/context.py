"""What a node is handed while it runs, and what it promises in return."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from marshmallow import Schema

from ..domain.records import Connection, Counts
from ..domain.states import Level, State
from .egress import EGRESS, Egress


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for what a node takes in from outside (bytes and seconds), and where its requests may go."""

    max_response_bytes: int = 64 * 1024 * 1024
    request_timeout_s: float = 10.0
    max_redirects: int = 5
    egress: Egress = EGRESS


class Stoppable(Protocol):
    """Whatever talks to the outside and may be asked to stop while it does: a running instance, a notice on its way."""

    limits: Limits

    def check(self) -> None:
        """Raise Stopped when the run has been asked to stop."""

    def on_stop(self, interrupt: Callable[[], None]) -> AbstractContextManager[None]:
        """While the block runs, have `interrupt` called (from another thread) when the run is asked to stop.

        The node's blocked call then fails in its own way; the block turns any exception into Stopped once a stop
        was asked for. When the stop came before the block, it raises Stopped at once.
        """


class NodeContext(Stoppable, Protocol):
    """The running instance as one node sees it. A node asks `check` between pages and batches and sleeps only here."""

    node_id: str

    def resolve(self, text: str, nearer: Mapping[str, Any] | None = None) -> str:
        """Replace `${...}`; raises NodeError for an unknown name. `nearer` wins over the task's values."""

    def sleep(self, seconds: float) -> None:
        """Sleep, at most until the run is asked to stop; then raise Stopped."""

    def log(self, level: Level, text: str) -> None:
        """Append a line to the run log, under this node's name."""

    def progress(self, counts: Counts) -> None:
        """Report the node's totals so far."""

    def dirty(self, kind: str, reason: str, row: Mapping[str, Any]) -> None:
        """Keep a row that could not be written; raises DirtyLimitExceeded beyond the task's tolerance."""

    def connection(self, name: str) -> Connection:
        """Return a named connection; raises BuildError when there is none."""


@dataclass(frozen=True, slots=True)
class Called:
    """How a called task ended."""

    uid: str
    state: State
    message: str


class FlowContext(NodeContext, Protocol):
    """What nodes that steer other nodes or tasks see besides."""

    def assign(self, values: Mapping[str, Any]) -> None:
        """Give values to parameters for the nodes downstream of this one; raises NodeError for a bad name."""

    def keep_attempts(self, attempts: Sequence[Mapping[str, Any]]) -> None:
        """Leave the record of the attempts of a call with the node run."""

    def may_retry(self) -> bool:
        """Tell whether a failed call may be sent again: not once the schedule that started this run was paused."""

    def choose(self, node_ids: Collection[str]) -> None:
        """Skip the nodes directly downstream that are not among these; raises NodeError for one that is not there."""

    def values(self) -> Mapping[str, Any]:
        """Return every parameter value in force at this node, built-in ones included."""

    def secrets(self) -> Collection[str]:
        """Return the names of the parameters that hold secrets."""

    def run_inner(self, values: Mapping[str, Any]) -> str | None:
        """Run the flow inside this container once, with `values` as its nearest parameters; return how it failed.

        What the nodes inside assigned holds afterwards, for this container and the nodes downstream.
        """

    def call_task(self, name: str, params: Mapping[str, Any]) -> Called:
        """Run another task with parameters and wait for its end; raises NodeError when it cannot be run."""


class NodeType(Protocol):
    """A kind of node. Registered in NODE_TYPES under the name used in definitions.

    A container (`is_container`) has a flow of its own inside, which it runs with `FlowContext.run_inner`.
    """

    schema: type[Schema]
    is_container: bool

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        """Return the connections a loaded configuration names; they must exist when an instance is built."""

    def run(self, config: Mapping[str, Any], context: FlowContext) -> Counts:
        """Do the work of the node and return its totals; raises NodeError or lets Stopped pass.

        `config` is what `schema` loaded.
        """
