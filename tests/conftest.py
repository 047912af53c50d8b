"""The cast of the tests: a real SQLite file, a clock turned by hand, node types that do what a test tells them."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from marshmallow import INCLUDE, Schema

from fdl_trigger.config import Settings
from fdl_trigger.domain.records import Counts
from fdl_trigger.nodes.context import NodeContext
from fdl_trigger.nodes.errors import NodeError
from fdl_trigger.runtime import Runtime
from fdl_trigger.store.store import Store

# Machines are shared: how long an example takes says nothing here.
hypothesis.settings.register_profile(
    "shared", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("shared")


class HandClock:
    """A clock that stands still until a test turns it."""

    def __init__(self, now: int = 1_700_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def turn(self, ms: int) -> None:
        self.now += ms


class AnySchema(Schema):
    class Meta:
        unknown = INCLUDE


class GateNode:
    """Runs until its gate opens; stops when asked to. Counts how many run at once."""

    schema = AnySchema
    is_container = False

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.started = threading.Semaphore(0)
        self.order: list[str] = []
        self.together = self.most_together = 0
        self._lock = threading.Lock()

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        return ()

    def run(self, config: Mapping[str, Any], context: NodeContext) -> Counts:
        with self._lock:
            self.together += 1
            self.most_together = max(self.together, self.most_together)
            self.order.append(context.resolve(config.get("label", "${workname}")))
        self.started.release()
        try:
            with context.on_stop(self.gate.set) if config.get("interruptible") else context.on_stop(lambda: None):
                while not self.gate.wait(0.01):
                    if not config.get("deaf"):
                        context.check()
            context.check()
        finally:
            with self._lock:
                self.together -= 1
        return Counts(read=config.get("rows", 1), inserted=config.get("rows", 1))


class FailNode:
    """Fails as often as its configuration says, then succeeds."""

    schema = AnySchema
    is_container = False

    def __init__(self) -> None:
        self.calls = 0

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        return ()

    def run(self, config: Mapping[str, Any], context: NodeContext) -> Counts:
        self.calls += 1
        if self.calls <= config.get("failures", 1_000_000):
            raise NodeError(config.get("message", "the source refused"))
        return Counts()


class QuickNode:
    """Succeeds at once."""

    schema = AnySchema
    is_container = False

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        return ()

    def run(self, config: Mapping[str, Any], context: NodeContext) -> Counts:
        for _ in range(config.get("dirty", 0)):
            context.dirty("TYPE", "does not fit", {"a": 1})
        return Counts(read=1, inserted=1, dirty=config.get("dirty", 0))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(tmp_path: Path, clock: HandClock) -> Iterator[Store]:
    store = Store(tmp_path / "store.db", tmp_path / "store.key", tmp_path / "backups", clock, 100)
    store.open()
    yield store
    store.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    defaults = Settings()
    return replace(
        defaults,
        store=replace(defaults.store, path=str(tmp_path / "runtime.db")),
        server=replace(defaults.server, shutdown_grace_s=0.0, port=0),
        engine=replace(defaults.engine, stop_grace_s=1.0),
    )


@pytest.fixture
def gate() -> GateNode:
    return GateNode()


@pytest.fixture
def failing() -> FailNode:
    return FailNode()


@pytest.fixture
def runtime(settings: Settings, gate: GateNode, failing: FailNode) -> Iterator[Runtime]:
    nodes = {"GATE": gate, "FAIL": failing, "QUICK": QuickNode()}
    with Runtime(settings, node_types=nodes) as runtime:
        yield runtime
        gate.gate.set()


Publish = Callable[..., str]


@pytest.fixture
def publish(runtime: Runtime) -> Publish:
    """Save and publish a task of one node (or of `nodes`) and return its uid."""

    def publish(name: str, node: str = "QUICK", *, config: Mapping[str, Any] | None = None, **more: Any) -> str:
        nodes = more.pop("nodes", [{"id": "only", "type": node, "config": dict(config or {})}])
        task = runtime.tasks.save({"workName": name, "nodes": nodes, **more})
        return runtime.tasks.publish(uid=task.uid).uid

    return publish
