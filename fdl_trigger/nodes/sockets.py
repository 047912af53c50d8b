"""Connections that another thread can cut: closing a socket does not wake who reads from it, shutting it down does."""

import socket
from contextlib import suppress
from threading import Lock
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from .egress import Egress
from .errors import NodeError

Address = tuple[int, int, int, str, tuple[object, ...]]


class Sockets:
    """Every socket of one client. After `cut` none of them carries data any more, nor does a new one.

    A twin (duplicated descriptor) of each socket is kept, since TLS takes the first one over. `egress` judges every
    address right before it is connected, so that no second look-up of its name can lead elsewhere; `trusted` is the
    host and port for which a connection allows loopback.
    """

    def __init__(self, egress: Egress, trusted: tuple[str, int | None] | None = None) -> None:
        self._egress = egress
        self.trusted = trusted
        self._lock = Lock()
        self._twins: dict[HTTPConnection, socket.socket] = {}
        self._is_cut = False

    def cut(self) -> None:
        """End all traffic at once; safe from any thread, at any moment of a connection's life."""
        with self._lock:
            self._is_cut = True
            for twin in self._twins.values():
                _shut_down(twin)

    def forget_closed(self) -> None:
        """Let go of the twins of connections that are closed."""
        with self._lock:
            for connection in [connection for connection in self._twins if connection.sock is None]:
                self._twins.pop(connection).close()

    def close(self) -> None:
        """Close all twins."""
        with self._lock:
            while self._twins:
                self._twins.popitem()[1].close()

    def connect(self, connection: HTTPConnection) -> socket.socket:
        """Open the socket of a connection to the first allowed address that answers.

        Raises urllib3's connection errors, and NodeError when no address is allowed.
        """
        try:
            addresses = socket.getaddrinfo(connection._dns_host, connection.port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            reason = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
            raise NameResolutionError(connection.host, connection, reason) from error
        failure: OSError = OSError("no address")
        for family, kind, protocol, _, address in self._allowed(connection, addresses):
            try:
                return self._connected(connection, socket.socket(family, kind, protocol), address)
            except OSError as error:
                failure = error
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(connection, "the connection timed out") from failure
        raise NewConnectionError(connection, str(failure)) from failure

    def _allowed(self, connection: HTTPConnection, addresses: list[Any]) -> list[Any]:
        trusted = self.trusted == (connection.host, connection.port)
        judged = [(self._egress.refusal(row[4][0], row[4][1], trusted=trusted), row) for row in addresses]
        allowed = [row for refusal, row in judged if refusal is None]
        if judged and not allowed:
            raise NodeError(f"requests to {connection.host} are refused: {judged[0][0]}")
        return allowed

    def _connected(self, connection: HTTPConnection, sock: socket.socket, address: object) -> socket.socket:
        try:
            self._adopt(connection, sock)
            sock.settimeout(connection.timeout if isinstance(connection.timeout, int | float) else None)
            for option in connection.socket_options or ():
                sock.setsockopt(*option)
            sock.connect(address)  # type: ignore[arg-type]  # typeshed has no type for the addresses getaddrinfo returns
            if self._is_cut:
                raise ConnectionAbortedError("cut")
        except BaseException:
            sock.close()
            raise
        return sock

    def _adopt(self, connection: HTTPConnection, sock: socket.socket) -> None:
        with self._lock:
            if self._is_cut:
                raise ConnectionAbortedError("cut")
            earlier = self._twins.pop(connection, None)
            if earlier:
                earlier.close()
            self._twins[connection] = sock.dup()


def _shut_down(twin: socket.socket) -> None:
    with suppress(OSError):  # not connected (yet), or the other side was faster
        twin.shutdown(socket.SHUT_RDWR)


def pool_classes(sockets: Sockets) -> dict[str, type[HTTPConnectionPool]]:
    """Return urllib3 pool classes by scheme whose connections open their sockets in `sockets`."""

    class PlainConnection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return sockets.connect(self)

    class SecureConnection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return sockets.connect(self)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = PlainConnection

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = SecureConnection

        def _validate_conn(self, conn: HTTPConnection) -> None:  # type: ignore[override]  # narrower than the base
            # Without the base class's warning: that verification is off was the definition's decision.
            if conn.is_closed:
                conn.connect()

    return {"http": PlainPool, "https": SecurePool}
