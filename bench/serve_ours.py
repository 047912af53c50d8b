"""`python -m bench.serve_ours DIRECTORY LOG_LEVEL`: the real service with the tasks of the benchmark."""

import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from fdl_trigger import logs
from fdl_trigger.config import Settings
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Grant
from fdl_trigger.runtime import Runtime
from fdl_trigger.server import serve
from fdl_trigger.web import create_app

from .nodes import Hold, Nothing, Stamp

NO_LIMIT = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a caller needs to know; `tasks` maps the names of the benchmark's tasks to their workId."""

    url: str
    client_id: str
    secret: str
    tasks: dict[str, str]
    store: str


def settings_for(directory: Path) -> Settings:
    """Return the defaults, on a free port, with a queue that takes whatever the load generator sends."""
    defaults = Settings()
    return replace(
        defaults,
        store=replace(defaults.store, path=str(directory / "store.db")),
        server=replace(defaults.server, port=0, shutdown_grace_s=0.0),
        engine=replace(defaults.engine, queue_limit=NO_LIMIT),
        instances=replace(defaults.instances, keep_count=NO_LIMIT),
    )


def bench_runtime(directory: Path, *, run_engine: bool = True) -> Runtime:
    """Return a runtime that knows the benchmark's node types."""
    nodes = {"NOTHING": Nothing(), "HOLD": Hold(), "STAMP": Stamp(str(directory / "ages"))}
    return Runtime(settings_for(directory), run_engine=run_engine, node_types=nodes)


def publish(runtime: Runtime, name: str, node: str, **more: Any) -> str:
    """Publish a task of one node and return its workId."""
    document = {"workName": name, "nodes": [{"id": "only", "type": node}], **more}
    return runtime.tasks.publish(uid=runtime.tasks.save(document).uid).uid


def publish_all(runtime: Runtime) -> dict[str, str]:
    """Publish a task that ends at once, one whose first instance holds the rest back, and one that tells the time."""
    parallel = {"instancePolicy": "parallel", "parallelLimit": 1000}
    sent = {"name": "sent", "type": "STRING", "value": "0"}
    return {
        "nothing": publish(runtime, "nothing", "NOTHING", control=parallel),
        "hold": publish(runtime, "hold", "HOLD"),
        "stamp": publish(runtime, "stamp", "STAMP", control=parallel, params=[sent]),
    }


def main() -> None:
    """Serve until SIGTERM."""
    directory, level = Path(sys.argv[1]), sys.argv[2]
    runtime = bench_runtime(directory)
    logs.configure(level, "console")

    def announce(url: str) -> None:
        grants = [Grant(operation, None) for operation in Operation]
        application = runtime.access.create("bench", grants=grants)
        tasks, store = publish_all(runtime), runtime.settings.store.path
        told = Announcement(url, application.client_id, application.secret or "", tasks, store)
        print(json.dumps(asdict(told)), flush=True)

    serve(create_app(runtime), runtime, runtime.settings, announce)


if __name__ == "__main__":
    main()
