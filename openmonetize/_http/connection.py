"""Connections that keep a call's deadline, whatever the server does.

The time-out of a socket bounds one read. A server that sends a byte every now and then stays below every such bound,
in the headers as well as in the body; so here each single read, and each piece sent, gets no more than what is left
of the call's time.
"""

from __future__ import annotations

import http.client
import io
import socket
import threading
import time
from typing import Any, List

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

CHUNK_SIZE = 65536
_MIN_TIMEOUT = 0.001  # seconds: what nobody waits for


class RequestDeadline(threading.local):
    """What this thread's request and its connection tell each other: urllib3 hands nothing of ours down.

    Attributes:
        deadline: when the call must have ended, on the monotonic clock.
        read_timeout: seconds that one read may take.
        reused: whether the connection has answered an earlier request.
    """

    deadline = float("inf")
    read_timeout = 30.0
    reused = False

    def begin(self, deadline: float, read_timeout: float) -> None:
        """Note what the request about to be sent needs."""
        self.deadline, self.read_timeout, self.reused = deadline, read_timeout, False


CURRENT = RequestDeadline()


def _bound(sock: Any, deadline: float, read_timeout: float) -> None:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise socket.timeout("the call's deadline ran out")
    if remaining < read_timeout:
        sock.settimeout(remaining)


def _remaining() -> float:
    return max(CURRENT.deadline - time.monotonic(), _MIN_TIMEOUT)


class _Incoming(io.RawIOBase):
    """A socket's incoming bytes, up to the deadline of the call that was sent. To http.client it is the socket."""

    def __init__(self, sock: Any) -> None:
        self._raw = sock.makefile("rb", buffering=0)  # keeps the socket open until it is closed itself
        self._sock = sock
        self._deadline = CURRENT.deadline
        self._read_timeout = CURRENT.read_timeout

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self, CHUNK_SIZE)  # most answers arrive in one piece

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Any:
        _bound(self._sock, self._deadline, self._read_timeout)
        return self._sock.recv_into(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(_Incoming(sock), *args, **kwargs)  # type: ignore[arg-type]  # it asks for makefile only


class TimedHTTPConnection(HTTPConnection):
    """A connection that keeps to :data:`CURRENT`, and knows whether it was used before."""

    response_class = _TimedResponse
    _answered = False

    def connect(self) -> None:
        """Open the connection."""
        self._answered = False
        super().connect()

    def _new_conn(self) -> socket.socket:
        """Try one address of the host after the other, each for its share of what is left of the call's time.

        urllib3 would give the time for connecting to each of them, and once more to a TLS handshake.
        """
        host, read_timeout, failure = self._dns_host, self.timeout or CURRENT.read_timeout, None
        addresses = self._addresses()
        try:
            for tried, address in enumerate(addresses):
                self.host = address
                self.timeout = min(read_timeout, _remaining() / (len(addresses) - tried))
                try:
                    sock = super()._new_conn()
                except (ConnectTimeoutError, NewConnectionError) as error:
                    failure = error
                else:
                    sock.settimeout(min(read_timeout, _remaining()))
                    return sock
        finally:
            self.host, self.timeout = host, read_timeout
        raise failure or NewConnectionError(self, "the name stands for no address")

    def _addresses(self) -> List[str]:
        """What the host's name stands for. The system's look-up has time-outs of its own, and no other."""
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, allowed_gai_family(), socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise NameResolutionError(self.host, self, error) from error  # type: ignore[arg-type]
        numeric = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
        return [socket.getnameinfo(address, numeric)[0] for *_, address in found]

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request."""
        CURRENT.reused = self._answered and self.sock is not None
        super().request(*args, **kwargs)

    def send(self, data: Any) -> None:
        """Send bytes, piece by piece: over TLS, each piece has a time-out of its own."""
        for start in range(0, len(data), CHUNK_SIZE):
            if self.sock is not None:
                _bound(self.sock, CURRENT.deadline, CURRENT.read_timeout)
            super().send(data if len(data) <= CHUNK_SIZE else memoryview(data)[start : start + CHUNK_SIZE])

    def getresponse(self) -> Any:
        """Read an answer's status and headers."""
        response = super().getresponse()
        self._answered = True
        return response


class TimedHTTPSConnection(TimedHTTPConnection, HTTPSConnection):
    """The same over TLS."""


class TimedHTTPConnectionPool(HTTPConnectionPool):
    """A pool of such connections."""

    ConnectionCls: Any = TimedHTTPConnection


class TimedHTTPSConnectionPool(HTTPSConnectionPool):
    """A pool of such connections over TLS."""

    ConnectionCls: Any = TimedHTTPSConnection
