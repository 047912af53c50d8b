"""`python -m bench.completions DIRECTORY COUNT`: how fast a queue of instances that do nothing is run to its end."""

import json
import sqlite3
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

from fdl_trigger.runtime import Runtime

from .serve_ours import bench_runtime, publish_all

CALLERS = 16


def main() -> None:
    """Fill a store whose engine does not run, then run its engine until the queue is empty; print the rate."""
    directory, count = Path(sys.argv[1]), int(sys.argv[2])
    with bench_runtime(directory, run_engine=False) as runtime:
        _fill(runtime, publish_all(runtime)["nothing"], count)
    with bench_runtime(directory) as runtime:
        started = time.perf_counter()
        _wait_until_done(runtime.store.path)
        print(json.dumps({"rate": count / (time.perf_counter() - started)}))


def _fill(runtime: Runtime, task: str, count: int) -> None:
    def trigger() -> None:
        for _ in range(count // CALLERS):
            runtime.instances.execute(uid=task)

    callers = [threading.Thread(target=trigger) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()


def _wait_until_done(store: Path) -> None:
    question = "SELECT EXISTS (SELECT 1 FROM instance WHERE state IN ('WAITING', 'RUNNING'))"
    with closing(sqlite3.connect(store)) as reader:
        while reader.execute(question).fetchone()[0]:
            time.sleep(0.02)


if __name__ == "__main__":
    main()
