"""`python -m bench.methods [--quick]`: what each way to authenticate costs, as a ratio to AK/SK.

Three figures for each method, all in one process and without sockets: being let in alone, a whole status call through
the WSGI application, and (last table) a status call with AK/SK while other threads do nothing but verify SM2.
"""

import argparse
import io
import itertools
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from fdl_trigger.auth import Rates, sm2_engine
from fdl_trigger.auth.admission import Admission
from fdl_trigger.auth.digest import sign
from fdl_trigger.auth.failed_logins import FailedLogins
from fdl_trigger.auth.refusals import Refusals
from fdl_trigger.domain.applications import Application
from fdl_trigger.domain.clock import system_clock
from fdl_trigger.domain.operations import Operation
from fdl_trigger.domain.records import Grant
from fdl_trigger.runtime import Runtime
from fdl_trigger.web import create_app

from .report import machine
from .serve_ours import bench_runtime, publish_all

PATH = "/webroot/decision/sp/client/api/fdl/record/info"
PRIVATE = sm2_engine.new_private_key()
HOUR_S = 3600
ATTACKERS = 4

Headers = dict[str, str]
Call = Callable[[], None]


class Callers:
    """Applications of every method, and the headers of a fresh call of each."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._earlier = itertools.count()

    def all(self) -> dict[str, Callable[[], Headers]]:
        """Return, by method, a function that makes the headers of one call."""
        aksk = self._create("aksk")
        found: dict[str, Callable[[], Headers]] = {"AK/SK": lambda: _headers(aksk, secret=aksk.secret or "")}
        for algorithm in ("MD5", "SHA256", "SM3"):
            found[f"digest, {algorithm}"] = self._digest(algorithm)
        found["digest, MD5, once"] = self._digest("MD5", once=True)
        found["SM2"] = self._sm2(bound=False)
        found["SM2, bound"] = self._sm2(bound=True)
        found["page"] = self._page()
        return found

    def _create(self, method: str, **more: Any) -> Application:
        more.setdefault("grants", [Grant(operation) for operation in Operation])
        return self._runtime.access.create(method, method=method, digest_timeout_s=HOUR_S, **more)

    def _digest(self, algorithm: str, once: bool = False) -> Callable[[], Headers]:
        one = self._create("digest", digest_algorithm=algorithm, once=once)
        start = system_clock()

        def headers() -> Headers:
            at = start - next(self._earlier)  # a text of its own for each call
            return _headers(one, _sign_=sign(one.client_id, one.secret or "", at, algorithm))

        return headers

    def _sm2(self, bound: bool) -> Callable[[], Headers]:
        one = self._create("sm2", public_key=sm2_engine.public_key_of(PRIVATE), bound=bound)
        start, empty = system_clock(), sm2_engine.sm3(b"").hex()

        def headers() -> Headers:
            at = start - next(self._earlier)
            text = f"GET\n{PATH}?recordId=1\n{at}\n{empty}" if bound else f"{one.client_id}{at}"
            signature = "{:064x}{:064x}".format(*sm2_engine.sign(PRIVATE, text.encode()))
            return _headers(one, timestamp=str(at), signature=signature)

        return headers

    def _page(self) -> Callable[[], Headers]:
        task = self._runtime.tasks.list()[0]
        grants = [Grant(operation, task.id) for operation in Operation]
        one = self._create("page", grants=grants, origins=["https://bi.example.com"], rate="1000000000/second")
        return lambda: _headers(one, origin="https://bi.example.com")


class Measuring:
    """Times calls of every method in turn: a round asks each of them once."""

    def __init__(self, runtime: Runtime, calls: int, rounds: int) -> None:
        self._calls = calls
        self._rounds = rounds
        clock = system_clock
        refusals = Refusals(runtime.store.audit.post)
        self._admission = Admission(
            lambda: runtime.access, lambda: runtime.keys, Rates(), FailedLogins(""), refusals, clock
        )
        self._app = create_app(runtime)

    def admission_us(self, callers: dict[str, Callable[[], Headers]]) -> dict[str, float]:
        """Return the microseconds of being let in, by method."""
        return self._medians(callers, lambda environ: self._admission.admit(environ, {}))

    def call_us(self, callers: dict[str, Callable[[], Headers]]) -> dict[str, float]:
        """Return the microseconds of a whole status call, by method."""
        return self._medians(callers, self._answer)

    def _medians(
        self, callers: dict[str, Callable[[], Headers]], act: Callable[[dict[str, Any]], Any]
    ) -> dict[str, float]:
        found: dict[str, list[float]] = {name: [] for name in callers}
        for _ in range(self._rounds):
            for name, headers in callers.items():
                environs = [_environ(headers()) for _ in range(self._calls)]
                start = time.perf_counter()
                for environ in environs:
                    act(environ)
                found[name].append((time.perf_counter() - start) / self._calls * 1e6)
        return {name: median(times) for name, times in found.items()}

    def beside_sm2_ms(self, callers: dict[str, Callable[[], Headers]]) -> tuple[list[float], list[float]]:
        """Return p50 and p99 of a status call with AK/SK, quiet and beside threads that verify SM2 all the time."""
        quiet = self._latencies(callers["AK/SK"])
        public = sm2_engine.public_key_of(PRIVATE)
        # A signature that differs each time, because one that was seen before costs nothing.
        with _pressing(lambda: sm2_engine.verify(public, (random.getrandbits(250), random.getrandbits(250)), b"")):
            beside = self._latencies(callers["AK/SK"])
        return quiet, beside

    def _latencies(self, headers: Callable[[], Headers]) -> list[float]:
        times = []
        for _ in range(self._calls * self._rounds):
            environ = _environ(headers())
            start = time.perf_counter()
            self._answer(environ)
            times.append((time.perf_counter() - start) * 1e3)
            time.sleep(0.001)
        return [median(times), quantiles(times, n=100)[98]]

    def _answer(self, environ: dict[str, Any]) -> None:
        statuses: list[str] = []
        answer = b"".join(self._app(environ, lambda status, *_: statuses.append(status)))
        assert statuses == ["200 OK"] and b"62404004" in answer, answer  # noqa: PT018 - one check of one answer


@contextmanager
def _pressing(act: Callable[[], Any]) -> Iterator[None]:
    stop = threading.Event()

    def press() -> None:
        while not stop.is_set():
            act()

    threads = [threading.Thread(target=press) for _ in range(ATTACKERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _headers(application: Application, **more: str) -> Headers:
    return {"client_id": application.client_id, **more}


def _environ(headers: Headers) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": PATH,
        "QUERY_STRING": "recordId=1",
        "SERVER_NAME": "bench",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
    }


def _table(admission: dict[str, float], call: dict[str, float]) -> Iterator[str]:
    yield "| method | let in, µs | to AK/SK | status call, µs | to AK/SK |"
    yield "|---|---:|---:|---:|---:|"
    for name, alone in admission.items():
        whole = call[name]
        ratios = alone / admission["AK/SK"], whole / call["AK/SK"]
        yield f"| {name} | {alone:,.0f} | {ratios[0]:.2f} | {whole:,.0f} | {ratios[1]:.2f} |"


def main() -> None:
    """Measure in a temporary directory and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.methods", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a look in seconds; the figures scatter more")
    calls, rounds = (50, 5) if parser.parse_args().quick else (200, 15)
    with tempfile.TemporaryDirectory(prefix="fdl-bench-") as directory:
        runtime = bench_runtime(Path(directory), run_engine=False)
        settings = runtime.settings
        runtime.settings = replace(settings, limits=replace(settings.limits, page_rate=""))
        with runtime:
            publish_all(runtime)
            callers, measuring = Callers(runtime).all(), Measuring(runtime, calls, rounds)
            measuring.call_us(callers)
            tables = _table(measuring.admission_us(callers), measuring.call_us(callers))
            print(machine(), "", *tables, sep="\n")
            quiet, beside = measuring.beside_sm2_ms(callers)
    print(f"\n| status call, AK/SK | alone, ms | beside {ATTACKERS} threads of SM2, ms | ratio |\n|---|---:|---:|---:|")
    for name, one, other in zip(("p50", "p99"), quiet, beside, strict=True):
        print(f"| {name} | {one:.2f} | {other:.2f} | {other / one:.1f} |")


if __name__ == "__main__":
    main()
