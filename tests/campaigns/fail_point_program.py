"""A program that embeds the service and is killed at a fail point; the test that restarts it shares its nodes.

Called with a directory and what to do. It tells on standard output which instances were answered.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from marshmallow import INCLUDE, Schema

from fdl_trigger.config import Settings
from fdl_trigger.core.orders import Order
from fdl_trigger.domain.records import Connection, Counts, Instance
from fdl_trigger.domain.states import State
from fdl_trigger.nodes.context import FlowContext
from fdl_trigger.nodes.errors import NodeError
from fdl_trigger.runtime import Runtime

KEY = "one click"
FIRST, LAST = date(2026, 1, 1), date(2026, 1, 3)
ATTEMPTS = 5
LIFETIME_S = 20.0
SOON_MS = 500


class _AnySchema(Schema):
    class Meta:
        unknown = INCLUDE


class Steps:
    """Which nodes ran, in a file that a killed process leaves behind."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, step: str) -> None:
        """Add a line."""
        with self._path.open("a") as file:
            file.write(step + "\n")

    def counted(self) -> Counter[str]:
        """Return how often each node began."""
        return Counter(self._path.read_text().split("\n")[:-1] if self._path.exists() else [])


class StepNode:
    """Notes that it runs; fails or calls another task where its configuration says so."""

    schema = _AnySchema
    is_container = False

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._steps = Steps(directory / "steps")

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        return ()

    def run(self, config: Mapping[str, Any], context: FlowContext) -> Counts:
        step = context.resolve("${workname} " + config["label"])
        is_first = not self._steps.counted()[step]
        self._steps.note(step)
        if "call" in config:
            called = context.call_task(config["call"], {})
            if called.state is not State.SUCCEEDED:
                raise NodeError(called.message)
        if (config.get("stumbles") and is_first) or (config.get("fails") and (self._directory / "broken").exists()):
            raise NodeError("as told")
        return Counts(read=1, inserted=1)


class RoundsNode:
    """A container that runs its inside twice."""

    schema = _AnySchema
    is_container = True

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        return ()

    def run(self, config: Mapping[str, Any], context: FlowContext) -> Counts:
        for number in (1, 2):
            if failure := context.run_inner({"loopTimes": number}):
                raise NodeError(failure)
        return Counts()


def opened(directory: Path, *, run_engine: bool = True) -> Runtime:
    """Return the service on the store of a directory, not started yet."""
    settings = Settings()
    settings = replace(
        settings,
        store=replace(settings.store, path=str(directory / "store.db")),
        server=replace(settings.server, port=0, shutdown_grace_s=0.0),
        outgoing=replace(settings.outgoing, loopback=True),
    )
    return Runtime(settings, run_engine=run_engine, node_types={"STEP": StepNode(directory), "ROUNDS": RoundsNode()})


def seed(runtime: Runtime, webhook: str) -> None:
    """Publish the tasks."""
    hook = {"webhookUrl": webhook, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "allowLoopback": True}
    runtime.connections.save(Connection("ops", "webhook", hook))
    _publish(runtime, "flow", [_step("a"), _step("b"), _step("c"), _step("d")])
    _publish(runtime, "once", [_step("a"), _step("b"), _step("c"), _step("d")], recovery={"rerun": False})
    retry = {"enabled": True, "times": 3, "intervalMinutes": 0.001}
    _publish(runtime, "stumbling", [_step("a"), _step("b", stumbles=True), _step("c"), _step("d")], retry=retry)
    _publish(runtime, "failing", [_step("a"), _step("b", fails=True), _step("c"), _step("d")])
    rounds = {"id": "b", "type": "ROUNDS", "nodes": [_step("inside")]}
    _publish(runtime, "rounds", [_step("a"), rounds, _step("c"), _step("d")])
    _publish(runtime, "caller", [_step("a"), _step("b", call="flow"), _step("c"), _step("d")])
    notice = {"enabled": True, "on": ["success"], "channels": ["ops"]}
    _publish(runtime, "noticed", [_step("a"), _step("b"), _step("c"), _step("d")], notice=notice)
    dated = [_step(name, label=f"{name} ${{cyctime}}") for name in "abcd"]
    _publish(runtime, "dated", dated)


def _step(name: str, **config: Any) -> dict[str, Any]:
    return {"id": name, "type": "STEP", "config": {"label": name, **config}}


def _publish(runtime: Runtime, name: str, nodes: list[dict[str, Any]], **control: Any) -> None:
    """Publish a flow a, b, c one after the other, and d in case b fails."""
    lines = [{"from": "a", "to": "b"}, {"from": "b", "to": "c"}, {"from": "b", "to": "d", "condition": "FAILURE"}]
    recovery = {"rerun": True, "attempts": ATTEMPTS}
    document = {"workName": name, "nodes": nodes, "lines": lines, "control": {"recovery": recovery, **control}}
    runtime.tasks.publish(uid=runtime.tasks.save(document).uid)


def click(runtime: Runtime, task: str) -> Instance:
    """Trigger a task as a caller does who asks again when no answer comes."""
    return runtime.instances.trigger(Order(idempotency_key=KEY), name=task).instance


def act(runtime: Runtime, doing: str, subject: str) -> list[str]:
    """Do what is to be interrupted; return what was answered."""
    if doing == "click":
        return [click(runtime, subject).uid]
    if doing == "retry":
        return [runtime.reruns.retry(subject, failed_only=True).uid]
    if doing == "backfill":
        return [runtime.reruns.backfill(FIRST, LAST, name=subject).backfill.uid]
    if doing == "schedule":
        start = round(time.time() * 1000) + SOON_MS
        runtime.schedules.save({"name": "soon", "type": "ONCE", "start": start}, name=subject)
    return []


def main(directory: Path, doing: str, subject: str, times: int) -> None:
    """Do it `times` times and go on until killed."""
    with opened(directory) as runtime:
        for _ in range(times):
            print(*act(runtime, doing, subject), flush=True)  # noqa: T201 - to the test
        time.sleep(LIFETIME_S)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
    sys.exit(os.EX_SOFTWARE)
