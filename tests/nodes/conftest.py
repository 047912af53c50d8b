"""A real HTTP server in a thread, a context that stands for a running instance, and a SQLite target."""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Lock
from typing import Any

import pytest
from api_server import Api
from database_servers import mariadb_server, postgresql_server  # noqa: F401 - fixtures
from database_targets import warehouse  # noqa: F401 - a fixture

from fdl_trigger.domain.parameters import ParameterError, as_text, build_scope
from fdl_trigger.domain.records import Connection, Counts
from fdl_trigger.domain.states import Level
from fdl_trigger.nodes import NODE_TYPES, node_types
from fdl_trigger.nodes.context import Called, Limits
from fdl_trigger.nodes.data_sync import DataSync
from fdl_trigger.nodes.egress import Egress
from fdl_trigger.nodes.errors import BuildError, DirtyLimitExceeded, NodeError, Stopped


@pytest.fixture
def api() -> Iterator[Api]:
    server = Api()
    yield server
    server.close()


@pytest.fixture
def other_api() -> Iterator[Api]:
    server = Api()
    yield server
    server.close()


class Run:
    """A running instance as a node sees it; sleeping only turns its clock."""

    def __init__(self, connections: Mapping[str, Connection], params: Mapping[str, Any], limits: Limits) -> None:
        self.node_id = "n1"
        self.limits = limits
        self.now = 0.0
        self.lines: list[tuple[Level, str]] = []
        self.dirty_rows: list[tuple[str, str, dict[str, Any]]] = []
        self.tolerance = 10_000
        self.last_progress = Counts()
        self.on_progress: Callable[[Counts], None] = lambda counts: None
        self.assigned: dict[str, Any] = {}
        self.chosen: list[str] | None = None
        self.attempts: list[dict[str, Any]] = []
        self.wanted = True
        self.secret_names: set[str] = set()
        self.inner: Callable[[Mapping[str, Any]], str | None] = lambda values: None
        self.tasks: dict[str, Callable[[Mapping[str, Any]], Called]] = {}
        self._connections = connections
        self._scope = build_scope((), {}, "orders", 0).with_values(params)
        self._lock = Lock()
        self._stopped = Event()
        self._interrupts: list[Callable[[], None]] = []

    def clock(self) -> float:
        return self.now

    def resolve(self, text: str, nearer: Mapping[str, Any] | None = None) -> str:
        try:
            return self._scope.resolve(as_text(text), nearer)
        except ParameterError as error:
            raise NodeError(str(error)) from None

    def check(self) -> None:
        if self._stopped.is_set():
            raise Stopped

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self._stopped.wait(min(seconds, 0.05)):
            raise Stopped

    @contextmanager
    def on_stop(self, interrupt: Callable[[], None]) -> Iterator[None]:
        with self._lock:
            self.check()
            self._interrupts.append(interrupt)
        try:
            yield
        except Exception:
            self.check()
            raise
        finally:
            with self._lock:
                self._interrupts.remove(interrupt)

    def stop(self) -> None:
        with self._lock:
            self._stopped.set()
            for interrupt in self._interrupts:
                interrupt()

    def log(self, level: Level, text: str) -> None:
        self.lines.append((level, text))

    def logged(self, level: Level) -> list[str]:
        return [text for line_level, text in self.lines if line_level is level]

    def progress(self, counts: Counts) -> None:
        self.last_progress = counts
        self.on_progress(counts)

    def dirty(self, kind: str, reason: str, row: Mapping[str, Any]) -> None:
        self.dirty_rows.append((kind, reason, dict(row)))
        if len(self.dirty_rows) > self.tolerance:
            raise DirtyLimitExceeded(f"{kind}: {reason}")

    def connection(self, name: str) -> Connection:
        try:
            return self._connections[name]
        except KeyError:
            raise BuildError(f"there is no connection '{name}'") from None

    def assign(self, values: Mapping[str, Any]) -> None:
        self.assigned.update(values)
        self._scope = self._scope.with_values(values)

    def keep_attempts(self, attempts: Sequence[Mapping[str, Any]]) -> None:
        self.attempts = [dict(one) for one in attempts]

    def may_retry(self) -> bool:
        return self.wanted

    def choose(self, node_ids: Collection[str]) -> None:
        self.chosen = list(node_ids)

    def values(self) -> Mapping[str, Any]:
        return self._scope.values

    def secrets(self) -> Collection[str]:
        return self.secret_names

    def run_inner(self, values: Mapping[str, Any]) -> str | None:
        return self.inner(values)

    def call_task(self, name: str, params: Mapping[str, Any]) -> Called:
        try:
            return self.tasks[name](params)
        except KeyError:
            raise NodeError(f"there is no task '{name}'") from None


class Bench:
    """One target database and the means to run a DATA_SYNC node against it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connections = {"warehouse": Connection("warehouse", "sqlite", {"path": str(path)})}
        self.limits = Limits(egress=Egress(loopback=True))
        self.params: dict[str, Any] = {}

    def execute(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as database, database:
            return database.execute(sql, values).fetchall()

    def context(self) -> Run:
        return Run(self.connections, self.params, self.limits)

    def run_node(self, kind: str, config: Mapping[str, Any], context: Run | None = None) -> Run:
        """Run a node of any kind as the engine does, and return its context."""
        context = context or self.context()
        node = node_types(("SHELL", "PYTHON"))[kind]
        node.run(node.schema().load(dict(config)), context)
        return context

    def run(
        self,
        source: Mapping[str, Any],
        *,
        target: Mapping[str, Any] | None = None,
        mapping: Any = (),
        write: Mapping[str, Any] | None = None,
        context: Run | None = None,
    ) -> Counts:
        """Run the node as the engine does: load the configuration by its schema, then run."""
        config = {
            "source": dict(source),
            "target": {"connection": "warehouse", "table": "t", **(target or {})},
            "mapping": list(mapping),
            "write": dict(write or {}),
        }
        context = context or self.context()
        node = DataSync(context.clock)
        return node.run(NODE_TYPES["DATA_SYNC"].schema().load(config), context)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "target.db")
