"""`python -m bench.dialects [--quick]`: what a trigger costs in each dialect, as a ratio to FineDataLink's with AK/SK.

In one process and without sockets: threads hand triggers, signed beforehand, to the WSGI application; each is durable
before it is answered. The dialects take turns, and the best round of each counts: others use the same machine.
"""

import argparse
import io
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fdl_trigger.auth import aliyun_rpc
from fdl_trigger.domain.applications import Application
from fdl_trigger.domain.clock import system_clock
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Grant, Task
from fdl_trigger.runtime import Runtime
from fdl_trigger.web import create_app

from .report import machine
from .serve_ours import bench_runtime

THREADS = 8
GROUP, NAMESPACE = "bench.group", "bench"
Environ = dict[str, Any]
MakeCall = Callable[[], Environ]


def environ(method: str, path: str, query: str = "", body: bytes = b"", **more: str) -> Environ:
    """Return the WSGI environment of a request that is there as a whole."""
    fixed = {"SERVER_NAME": "bench", "SERVER_PORT": "80", "HTTP_HOST": "bench", "REMOTE_ADDR": "127.0.0.1"}
    wsgi = {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True, "wsgi.url_scheme": "http"}
    request = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "CONTENT_LENGTH": str(len(body))}
    return {**fixed, **wsgi, **request, "SCRIPT_NAME": "", "wsgi.errors": sys.stderr, **more}


def finedatalink(application: Application, task: Task) -> Environ:
    """Return a trigger with AK/SK."""
    body = json.dumps({"workId": task.uid}).encode()
    credentials = {"HTTP_CLIENT_ID": application.client_id, "HTTP_SECRET": application.secret or ""}
    path = "/webroot/decision/sp/client/api/fdl/workId/execute"
    return environ("POST", path, "", body, CONTENT_TYPE="application/json", **credentials)


_NONCES = count()


def schedulerx(application: Application, task: Task) -> Environ:
    """Return a trigger by RPC, as the SDKs send it."""
    given = {"Action": "ExecuteJob", "JobId": str(task.id), "GroupId": GROUP, "Namespace": NAMESPACE}
    common = {"Version": "2019-04-30", "Format": "JSON", "AccessKeyId": application.client_id, "SignatureType": ""}
    moment = datetime.fromtimestamp(system_clock() / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    signing = {"SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0", "Timestamp": moment}
    every = {**given, **common, **signing, "SignatureNonce": f"{next(_NONCES):032x}", "RegionId": "cn-hangzhou"}
    signature = aliyun_rpc.sign(aliyun_rpc.string_to_sign("GET", every), application.secret or "")
    return environ("GET", "/", urlencode({**every, "Signature": signature}))


DIALECTS = {"FineDataLink, AK/SK": finedatalink, "SchedulerX, RPC": schedulerx}


def measure(app: Any, make: MakeCall, calls: int) -> tuple[float, float]:
    """Return triggers a second and microseconds of processor time for each."""
    groups = [[make() for _ in range(calls // THREADS)] for _ in range(THREADS)]
    wrong: list[bytes] = []

    def work(group: list[Environ]) -> None:
        for one in group:
            answer = b"".join(app.wsgi_app(one, lambda *_: None))
            if b'uccess":true' not in answer:
                wrong.append(answer)

    threads = [threading.Thread(target=work, args=(group,)) for group in groups]
    used, start = time.process_time(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds, used = time.perf_counter() - start, time.process_time() - used
    if wrong:
        raise SystemExit(f"a trigger failed: {wrong[0]!r}")
    return calls / seconds, used / calls * 1e6


def publish(runtime: Runtime) -> Task:
    """Publish a task that does nothing and that every dialect knows."""
    exposed = {"schedulerx": {"group": GROUP, "namespace": NAMESPACE}}
    document = {"workName": "nothing", "nodes": [{"id": "n", "type": "VIRTUAL"}], "expose": exposed}
    return runtime.tasks.publish(uid=runtime.tasks.save(document).uid)


def main() -> None:
    """Measure in a temporary directory and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.dialects", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a look in seconds; the figures scatter more")
    calls, rounds = (400, 3) if parser.parse_args().quick else (1600, 9)
    with tempfile.TemporaryDirectory(prefix="fdl-bench-") as directory:
        runtime = bench_runtime(Path(directory), run_engine=False)
        runtime.settings = replace(runtime.settings, limits=replace(runtime.settings.limits, page_rate=""))
        with runtime:
            task, application = publish(runtime), runtime.access.create("bench", grants=[Grant(Operation.EXECUTE)])
            app = create_app(runtime)
            found: dict[str, list[tuple[float, float]]] = {name: [] for name in DIALECTS}
            for _ in range(rounds):
                for name, make in DIALECTS.items():
                    found[name].append(measure(app, lambda make=make: make(application, task), calls))  # type: ignore[misc]
    print(machine(), "", "| dialect | triggers/s | to FineDataLink | CPU µs | to FineDataLink |", sep="\n")
    print("|---|---:|---:|---:|---:|")
    best = {name: (max(rate for rate, _ in rounds), min(used for _, used in rounds)) for name, rounds in found.items()}
    rate, used = next(iter(best.values()))
    for name, (one, cost) in best.items():
        print(f"| {name} | {one:,.0f} | {one / rate:.2f} | {cost:,.0f} | {used / cost:.2f} |")


if __name__ == "__main__":
    main()
