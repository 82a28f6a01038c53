"""Connections that keep the deadline of a call.

A socket's time-out bounds a single read. A server that sends one byte at a time never exceeds it, in the headers or in
the body. Each read and each write here therefore gets at most the time that is left of the call.
"""

from __future__ import annotations

import http.client
import io
import queue
import re
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

from openmonetize._fork import ProcessMark
from openmonetize._http.redaction import Secret

CHUNK_SIZE = 65536
SENT_SIZE = 4 * CHUNK_SIZE  # bytes that have to go out within the time between two bytes of an answer
_MIN_TIMEOUT = 0.001  # seconds; a time-out of 0 would make the socket non-blocking


# The usual head of an answer with a body: complete, in ASCII, one line a header.
_USUAL_HEAD = re.compile(
    rb"HTTP/1\.1 (?!1|204|304)([0-9]{3}) ([ -~]*)\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~]*\r\n){1,99})\r\n"
)


class _Hidden(bytes):
    """Bytes of a request that may have a key in them, which ``repr`` does not show."""

    def __repr__(self) -> str:
        return "<the head of a request>"


class RequestDeadline(threading.local):
    """State that a request and its connection share, per thread: urllib3 passes no values of a caller to a connection.

    Attributes:
        deadline: monotonic time by which the call must end.
        read_timeout: seconds that a single read may take.
        reused: whether the connection has answered an earlier request.
    """

    deadline = float("inf")
    read_timeout = 30.0
    reused = False

    def begin(self, deadline: float, read_timeout: float) -> None:
        """Set the limits of the request that is about to be sent."""
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
    """Reads a socket until the deadline of its call. http.client is given this object as the socket.

    Attributes:
        ended: whether the server has closed the connection, and nothing is left to read.
    """

    ended = False

    def __init__(self, sock: Any) -> None:
        self._raw = sock.makefile("rb", buffering=0)  # keeps the socket open until this object is closed
        self._sock = sock
        self._deadline = CURRENT.deadline
        self._read_timeout = CURRENT.read_timeout

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self, CHUNK_SIZE)  # most answers fit into one read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Any:
        _bound(self._sock, self._deadline, self._read_timeout)
        size = self._sock.recv_into(buffer)
        self.ended = size == 0
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        self._incoming = incoming = _Incoming(sock)
        super().__init__(incoming, *args, **kwargs)  # type: ignore[arg-type]  # http.client only calls makefile
        self._may_have_body = kwargs.get("method") != "HEAD"

    def begin(self, **limits: Any) -> None:
        """Read status and headers.

        http.client parses headers as e-mail, which takes 40 µs, a fifth of a small call. The usual head is parsed here;
        every other one is left to http.client. A property test holds both to the same result.

        http.client takes a head that the end of the connection cuts off for a whole one, which may lack its length or
        more. It is incomplete (RFC 9112, section 8).
        """
        head = _USUAL_HEAD.match(self.fp.peek())
        if not (head and self._may_have_body and self._read_usual(head)):
            super().begin(**limits)
            if self._incoming.ended:
                raise http.client.RemoteDisconnected("the server closed it within the headers of the answer")
            self.will_close = self.will_close or self.status == http.client.SWITCHING_PROTOCOLS

    def _read_status(self) -> tuple[str, int, str]:
        """Read a status line. http.client skips interim answers of status 100 only, and not 102 or 103.

        RFC 9110, section 15.2: any number of them may come before the final answer. A server that switches protocols
        (101), for which it was not asked, gives no other answer.
        """
        version, status, reason = super()._read_status()  # type: ignore[misc]  # no stub has it
        interim = 100 <= status < 200 and status != http.client.SWITCHING_PROTOCOLS
        return version, http.client.CONTINUE if interim else status, reason

    def _read_usual(self, head: re.Match[bytes]) -> bool:
        """Take status and headers from a usual head. Return False if the body's length is not given plainly."""
        status, reason, lines = head.groups()
        headers = http.client.HTTPMessage()
        first: dict[str, str] = {}
        for line in lines.decode("ascii").splitlines():
            name, _, value = line.partition(":")
            headers[name] = value = value.lstrip(" \t")
            first.setdefault(name.lower(), value)
        length = first.get("content-length", "")
        if not (length.isdigit() and len(length) < 19) or "transfer-encoding" in first:
            return False
        self.fp.read(head.end())
        self.version, self.status, self.reason = 11, int(status), reason.decode("ascii").strip()
        self.code = self.status
        self.headers = self.msg = headers
        self.chunked, self.length = False, int(length)
        self.will_close = "close" in first.get("connection", "").lower()
        return True


def _tunnel_request(target: str, headers: Mapping[str, Secret]) -> _Hidden:
    lines = [_Hidden(f"{name}: {headers[name].value}".encode("latin-1")) for name in headers if name.lower() != "host"]
    return _Hidden(b"\r\n".join((f"CONNECT {target} HTTP/1.1\r\nHost: {target}".encode("ascii"), *lines, b"", b"")))


class TimedHTTPConnection(HTTPConnection):
    """A connection that keeps the deadline in :data:`CURRENT` and knows whether it was used before."""

    response_class = _TimedResponse
    _answered = False

    def connect(self) -> None:
        """Open the connection."""
        self._answered = False
        super().connect()

    def _new_conn(self) -> socket.socket:
        """Try the host's addresses in turn, each for its share of the time that is left of the call.

        urllib3 would grant the full connect time-out to each address, and again to the TLS handshake.
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

    def _addresses(self) -> list[str]:
        """Return the addresses of the host. The operating system's look-up cannot be given a time-out."""
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, allowed_gai_family(), socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise NameResolutionError(self.host, self, error) from error  # type: ignore[arg-type]
        numeric = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
        return [socket.getnameinfo(address, numeric)[0] for *_, address in found]

    def _tunnel(self) -> None:
        """Ask a proxy for a tunnel. The method of http.client has the proxy's password in its local variables."""
        host = str(self._tunnel_host)
        target = f"[{host}]:{self._tunnel_port}" if ":" in host and host[0] != "[" else f"{host}:{self._tunnel_port}"
        self.send(_tunnel_request(target, self._tunnel_headers))  # type: ignore[attr-defined]  # of http.client
        response = self.response_class(self.sock, method="CONNECT")
        try:
            response.begin()
            if response.status != http.client.OK:
                self.close()
                raise OSError(f"Tunnel connection failed: {response.status} {response.reason}")
        finally:
            response.close()

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request."""
        CURRENT.reused = self._answered and self.sock is not None
        super().request(*args, **kwargs)

    def putheader(self, header: Any, *values: Any) -> None:
        """Add a header. http.client and urllib3 see a key only as bytes that do not show it."""
        if not isinstance(values[0], Secret):
            super().putheader(header, *values)
            return
        if not (values[0].value.isascii() and values[0].value.isprintable()):
            raise ValueError(f"the value of {header} is not printable ASCII")
        self._output(_Hidden(f"{header}: {values[0].value}".encode("ascii")))  # type: ignore[attr-defined]

    def _send_output(self, message_body: Any = None, encode_chunked: bool = False) -> None:
        """Send the head of a request. urllib3 sends the body by itself."""
        head = _Hidden(b"\r\n".join((*self._buffer, b"", b"")))
        self._buffer: list[bytes] = []
        self.send(head)

    def send(self, data: Any) -> None:
        """Send bytes in chunks: over TLS, the socket's time-out applies to each chunk."""
        for start in range(0, len(data), SENT_SIZE):
            if self.sock is not None:
                _bound(self.sock, CURRENT.deadline, CURRENT.read_timeout)
            super().send(data if len(data) <= SENT_SIZE else memoryview(data)[start : start + SENT_SIZE])

    def getresponse(self) -> Any:
        """Read an answer's status and headers."""
        response = super().getresponse()
        self._answered = True
        return response


class TimedHTTPSConnection(TimedHTTPConnection, HTTPSConnection):
    """The same over TLS."""


class _IdleConnections(queue.LifoQueue[Any]):
    """The idle connections of a pool. A forked child does not wait for a lock that a thread of its parent held.

    urllib3 closes them when the child ends, which would wait for ever.
    """

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self._mark = ProcessMark()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take one."""
        self._renew_locks_of_parent()
        return super().get(block, timeout)

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Keep one."""
        self._renew_locks_of_parent()
        super().put(item, block, timeout)

    def _renew_locks_of_parent(self) -> None:
        if self._mark.forked():
            self.mutex = threading.Lock()
            self.not_empty, self.not_full = threading.Condition(self.mutex), threading.Condition(self.mutex)
            self.all_tasks_done = threading.Condition(self.mutex)
            self._mark = ProcessMark()


class TimedHTTPConnectionPool(HTTPConnectionPool):
    """A pool of such connections."""

    ConnectionCls: Any = TimedHTTPConnection
    QueueCls: Any = _IdleConnections

    def _put_conn(self, conn: Any) -> None:
        """Keep a connection, or close it if enough are kept: more threads than that are no reason for a warning."""
        try:
            self.pool.put(conn, block=False)  # type: ignore[union-attr]  # None after the end of the pool
        except (AttributeError, queue.Full):
            if conn is not None:
                conn.close()


class TimedHTTPSConnectionPool(TimedHTTPConnectionPool, HTTPSConnectionPool):
    """A pool of such connections over TLS."""

    ConnectionCls: Any = TimedHTTPSConnection
