"""The HTTP server: waitress with a lighter task queue, one send for each answer, and a stop that drains."""

import contextlib
import errno
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any, Protocol

from waitress import create_server, wasyncore
from waitress.server import BaseWSGIServer

from .config import ServerSettings, Settings
from .http_channel import Channel

DRAIN_S = 5.0
LOOK_S = 1.0  # how often slow requests are looked for
CONNECTION_LIMIT = 800  # below the usual 1024 open files of a process
# The application refuses long bodies in the envelope of its dialect; this only bounds what is buffered for it.
MAX_BUFFERED_BODY = 64 * 1024 * 1024

log = logging.getLogger(__name__)


class CannotListen(Exception):
    """The address cannot be listened on; the message says why."""


class Stoppable(Protocol):
    """What `serve` starts before the first request and stops after the last one: the Runtime."""

    def start(self) -> None: ...
    def stop(self, grace_s: float | None = None) -> None: ...


class QueueDispatcher:
    """waitress's task dispatcher on a SimpleQueue: no lock and no condition between socket and worker."""

    def __init__(self, threads: int) -> None:
        self._queue: SimpleQueue[Any] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self.set_thread_count(threads)

    def set_thread_count(self, count: int) -> None:
        """Start threads up to `count`, or let the surplus end after their current task."""
        for number in range(len(self._threads), count):
            thread = threading.Thread(target=self._work, name=f"http-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()
        for _ in range(len(self._threads) - count):
            self._queue.put(None)

    def add_task(self, task: Any) -> None:
        """Have a worker serve the channel's next request."""
        self._queue.put(task)

    def shutdown(self, cancel_pending: bool = True, timeout: float = DRAIN_S) -> bool:
        """End the threads within `timeout` seconds and drop what is queued; tell whether all have ended."""
        if cancel_pending:
            self._cancel_pending()
        self.set_thread_count(0)
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        return not self._threads

    def _cancel_pending(self) -> None:
        with contextlib.suppress(Empty):
            while True:
                task = self._queue.get_nowait()
                if task is not None:
                    task.cancel()

    def _work(self) -> None:
        while (task := self._queue.get()) is not None:
            try:
                task.service()
            except Exception:
                log.exception("a request broke in the web server")


class Server:
    """Serves a WSGI application from construction on; `run` here or `start` in a thread, `stop` from anywhere.

    The socket is bound and listens when the constructor returns (port 0 takes a free port, see `url`); requests wait
    until `run` or `start`. Raises CannotListen.
    """

    def __init__(self, app: Callable[..., Any], settings: ServerSettings) -> None:
        self._map: dict[int, Any] = {}
        self._stopping = False
        self._closed = False
        self._thread: threading.Thread | None = None
        self._request_timeout_s = settings.request_timeout_s
        self._next_check = 0.0
        self._dispatcher = QueueDispatcher(0)
        self._listeners = self._listen(app, settings)
        for listener in self._listeners:
            listener.channel_class = Channel
            listener.is_draining = False
        self._dispatcher.set_thread_count(settings.threads)

    @property
    def port(self) -> int:
        """The port in force."""
        return int(self._listeners[0].effective_port)

    @property
    def url(self) -> str:
        """The address to call, without a slash at the end."""
        host = str(self._listeners[0].effective_host)
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - shown, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def run(self) -> None:
        """Serve until `stop` is called, then drain: answer what runs (5 s at most) and close every connection."""
        try:
            while not self._stopping:
                self._turn(LOOK_S)
                self._cut_slow_requests(time.monotonic())
            self._drain(time.monotonic() + DRAIN_S)
        finally:
            self._close()

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread = threading.Thread(target=self.run, name="http", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask the server to drain and end; safe in a signal handler. After `start` it waits for the end."""
        self._stopping = True
        if not self._closed:
            self._listeners[0].pull_trigger()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
            self._thread = None

    def close(self) -> None:
        """Give the socket back without ever having served."""
        self._stopping = True
        self._close()

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _listen(self, app: Callable[..., Any], settings: ServerSettings) -> list[Any]:
        try:
            create_server(
                app,
                map=self._map,
                _dispatcher=self._dispatcher,
                host=settings.host,
                port=settings.port,
                ident=None,
                asyncore_use_poll=True,
                connection_limit=CONNECTION_LIMIT,
                channel_timeout=120,
                clear_untrusted_proxy_headers=False,  # `auth.proxies` decides whom to believe, by address
                max_request_body_size=MAX_BUFFERED_BODY,
            )
        except (OSError, ValueError) as error:
            wasyncore.close_all(self._map, ignore_all=True)
            raise CannotListen(_why(settings, error)) from None
        return [item for item in self._map.values() if isinstance(item, BaseWSGIServer)]

    def _turn(self, timeout_s: float) -> None:
        wasyncore.loop(timeout=timeout_s, use_poll=True, map=self._map, count=1)

    def _cut_slow_requests(self, now: float) -> None:
        """Close connections whose request takes too long to arrive, however busily it drips."""
        if now < self._next_check:
            return
        self._next_check = now + LOOK_S
        for channel in self._channels():
            if channel.is_overdue(now - self._request_timeout_s):
                log.warning("a request took more than %g seconds to arrive: cut off", self._request_timeout_s)
                channel.handle_close()

    def _drain(self, deadline: float) -> None:
        for listener in self._listeners:
            listener.is_draining = True
            wasyncore.dispatcher.close(listener)  # only the socket: its trigger still has to wake the loop
        timeout_s = 0.0  # one turn without waiting takes in what clients had already sent
        while time.monotonic() < deadline:
            self._turn(timeout_s)
            for channel in self._channels():
                if not channel.is_busy:
                    channel.handle_close()
            if not self._channels():
                return
            timeout_s = 0.05
        log.warning("%d requests were cut off after %g seconds", len(self._channels()), DRAIN_S)

    def _channels(self) -> list[Channel]:
        return [item for item in self._map.values() if isinstance(item, Channel)]

    def _close(self) -> None:
        self._closed = True  # the triggers' descriptors may soon be somebody else's
        self._dispatcher.shutdown(timeout=0.2)
        wasyncore.close_all(self._map, ignore_all=True)
        for listener in self._listeners:
            listener.trigger.close()


def _why(settings: ServerSettings, error: Exception) -> str:
    address = f"{settings.host}:{settings.port}"
    reason = error.strerror if isinstance(error, OSError) else str(error)
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"cannot listen on {address}: the port is in use; choose another one with --port"
    return f"cannot listen on {address}: {reason}"


@contextlib.contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """While the block runs, the first SIGTERM or SIGINT calls `stop`; the second ends the process at once."""
    signals = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.getsignal(number) for number in signals}

    def on_signal(number: int, _frame: FrameType | None) -> None:
        for again in signals:
            signal.signal(again, signal.SIG_DFL)
        stop()

    for number in signals:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def serve(app: Callable[..., Any], runtime: Stoppable, settings: Settings, ready: Callable[[str], None]) -> None:
    """Listen, start the runtime, call `ready` with the URL, serve until SIGTERM or SIGINT, drain, stop the runtime.

    Must run in the main thread. Raises CannotListen before anything was started.
    """
    server = Server(app, settings.server)
    with stopped_by_signals(server.stop):
        try:
            runtime.start()
        except BaseException:
            server.close()
            raise
        try:
            ready(server.url)
            server.run()
        finally:
            log.info("stopping: running tasks have %g seconds", settings.server.shutdown_grace_s)
            runtime.stop(settings.server.shutdown_grace_s)
