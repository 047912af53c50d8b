"""The load generator: keep-alive connections in one thread, each sending its next request when it has its answer."""

import re
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_LENGTH = re.compile(rb"\r\ncontent-length:[ ]*(\d+)", re.IGNORECASE)
ANSWER_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where to send which request; `expected` must stand in every answer."""

    port: int
    request: bytes
    expected: bytes


@dataclass(slots=True)
class Result:
    """What came back: the latency of each answer, how many were not as expected, the seconds they took together.

    `cpu_seconds` is the processor time the server used for them.
    """

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    wrong: int = 0

    @property
    def rate(self) -> float:
        """Right answers a second."""
        return (len(self.latencies) - self.wrong) / self.seconds

    @property
    def cpu_us(self) -> float:
        """Microseconds of the server's processor time an answer."""
        return self.cpu_seconds / len(self.latencies) * 1e6

    def percentile_ms(self, percent: float) -> float:
        """Return a latency percentile in milliseconds."""
        return percentile(self.latencies, percent) * 1000


def percentile(values: list[float], percent: float) -> float:
    """Return the value below which `percent` percent of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def http_request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """Return a whole HTTP/1.1 request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {text}" for name, text in headers.items())]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Connection:
    """One keep-alive connection; one request at a time."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""
        self.sent_at = 0.0

    def send(self, request: bytes) -> None:
        """Send a request."""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bytes | None:
        """Take in what has arrived; return the answer once it is whole."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the server closed the connection")
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not separator or length is None or len(body) < int(length[1]):
            return None
        answer, self._received = self._received, b""
        return answer

    def exchange(self, request: bytes) -> bytes:
        """Send a request and wait for its answer."""
        self.send(request)
        while (answer := self.receive()) is None:
            pass
        return answer

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def answer_body(answer: bytes) -> bytes:
    """Return the body of a whole answer."""
    return answer.partition(b"\r\n\r\n")[2]


def press(target: Target, connections: int, seconds: float) -> Result:
    """Keep `connections` connections busy for `seconds` seconds."""
    opened = [Connection(target.port) for _ in range(connections)]
    result = Result()
    with selectors.DefaultSelector() as selector:
        for connection in opened:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(target.request)
        started = time.perf_counter()
        _collect(selector, target, result, lambda: time.perf_counter() - started < seconds, connections)
        result.seconds = time.perf_counter() - started
    for connection in opened:
        connection.socket.close()
    return result


def _collect(
    selector: selectors.BaseSelector, target: Target, result: Result, go_on: Callable[[], bool], open_requests: int
) -> None:
    while open_requests:
        ready = selector.select(ANSWER_TIMEOUT_S)
        if not ready:
            raise TimeoutError(f"no answer for {ANSWER_TIMEOUT_S} s")
        for key, _ in ready:
            connection: Connection = key.data
            answer = connection.receive()
            if answer is None:
                continue
            result.latencies.append(time.perf_counter() - connection.sent_at)
            result.wrong += target.expected not in answer
            if go_on():
                connection.send(target.request)
            else:
                open_requests -= 1
