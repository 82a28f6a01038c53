"""The HTTP server: Werkzeug's threaded WSGI server with keep-alive, one write for each response, and limits.

Werkzeug was chosen since it runs unchanged on every supported Python, and has a router. Its development server
drains and closes each connection after the response, so `Handler.run_wsgi` is our own.
"""

from __future__ import annotations

import io
import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from openmonetize.sandbox.errors import SandboxAddressError
from openmonetize.sandbox.http.environ import ARRIVED, INPUT, RESET, TRUNCATE
from openmonetize.sandbox.http.request_body import MalformedBody, RequestBody, open_body
from openmonetize.sandbox.http.uploads import Uploads

log = logging.getLogger("openmonetize.sandbox")

WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# Seconds that a connection may be silent.
CONNECTION_IDLE_TIMEOUT = 75.0
# Seconds that one request may take to arrive, however slowly its bytes come.
REQUEST_TIMEOUT = 60.0

# Connections at the same time; each has a thread.
MAX_CONNECTIONS = 1000

# Bytes of a body that nobody wanted to read, and that are read after the response.
_MAX_SKIPPED_BYTES = 32 * 1024 * 1024
# Seconds to go on reading from a connection that is to be closed.
_LINGER_TIMEOUT = 5.0
_HEAD_TOO_LARGE = (HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "Exceeded maximum allowed HTTP header size")
_CLIENT_ERRORS: dict[int, tuple[HTTPStatus, str]] = {
    HTTPStatus.REQUEST_TIMEOUT: (HTTPStatus.REQUEST_TIMEOUT, "Client Timeout"),
    HTTPStatus.REQUEST_URI_TOO_LONG: _HEAD_TOO_LARGE,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: _HEAD_TOO_LARGE,
}
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER with a time of 0: close() sends RST


class _DeadlineReader(io.RawIOBase):
    """Reads from a socket until a deadline that begins with the first bytes of each request."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._deadline: float | None = None
        self.too_slow = False

    def readable(self) -> bool:
        return True

    def await_request(self) -> None:
        self._deadline = None

    def readinto(self, buffer: Any) -> int:
        remaining = CONNECTION_IDLE_TIMEOUT if self._deadline is None else self._deadline - time.monotonic()
        try:
            if remaining <= 0:
                raise socket.timeout("the request took too long to arrive")
            self._connection.settimeout(remaining)
            count = self._connection.recv_into(buffer)
        except socket.timeout:
            self.too_slow = self._deadline is not None
            raise
        if self._deadline is None:
            self._deadline = time.monotonic() + REQUEST_TIMEOUT
        self._connection.settimeout(CONNECTION_IDLE_TIMEOUT)
        return count


class Handler(WSGIRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self._reader = _DeadlineReader(self.connection)
        self.rfile = io.BufferedReader(self._reader)

    def handle_one_request(self) -> None:
        self._reader.await_request()
        super().handle_one_request()  # which ends the connection after a time-out
        if self._reader.too_slow:
            self.send_error(HTTPStatus.REQUEST_TIMEOUT)

    def parse_request(self) -> bool:
        self._arrived = time.perf_counter()
        return super().parse_request()

    def run_wsgi(self) -> None:
        try:
            environ = self.make_environ()
            body = open_body(self.headers, self.request_version, self.rfile, self.server.uploads)
        except (MalformedBody, ValueError):  # ValueError: the target is not a URL
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        # As it was sent: `http.server` reduces several slashes at the start of a path to one
        # (https://github.com/python/cpython/issues/87389).
        environ["RAW_URI"] = self.requestline.split()[1]
        environ[ARRIVED] = self._arrived
        environ[INPUT] = environ["wsgi.input"] = body
        self.environ = environ
        try:
            self._respond(environ, body)
        except MalformedBody:
            self.send_error(HTTPStatus.BAD_REQUEST)
        finally:
            body.close()

    def _respond(self, environ: dict[str, Any], body: RequestBody) -> None:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            started[:] = [(status, headers)]

        payload = b"".join(self.server.app(environ, start_response))
        if environ.get(RESET):
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self.connection.close()
            return
        status, headers = started[0]
        if environ.get(TRUNCATE):
            self.close_connection = True
            payload = payload[: len(payload) // 2]
        if body.remaining is None or body.remaining > _MAX_SKIPPED_BYTES:
            self.close_connection = True
        head = [f"HTTP/1.1 {status}", f"Date: {self.date_time_string(self.server.now())}"]
        head += [f"{name}: {value}" for name, value in headers]
        head.append("Connection: close" if self.close_connection else "Connection: keep-alive")
        self.wfile.write("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + payload)
        if body.ended:
            return
        if self.close_connection:
            self._linger()
        elif not _skip_rest(body):  # the next request starts behind this one's body
            self.close_connection = True
        self._reader.too_slow = False  # it has its response

    def _linger(self) -> None:
        """Give the client time to read the response before the connection is closed.

        Bytes that arrive after that would make the operating system reset the connection, and the client would never
        see the response (RFC 9112, section 9.6).
        """
        end = time.monotonic() + _LINGER_TIMEOUT
        try:
            self.connection.shutdown(socket.SHUT_WR)
            while (remaining := end - time.monotonic()) > 0:
                self.connection.settimeout(remaining)
                if not self.connection.recv(65_536):
                    return
        except OSError:
            pass

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Respond to a request that is too malformed for the application, and close the connection.

        The platform's framework words this by three kinds, whatever is wrong in detail (Fastify's
        ``defaultClientErrorHandler``).
        """
        status, text = _CLIENT_ERRORS.get(code, (HTTPStatus.BAD_REQUEST, "Client Error"))
        body = f'{{"error":"{status.phrase}","message":"{text}","statusCode":{status.value}}}'.encode()
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        self.close_connection = True
        try:
            self.wfile.write(head.encode("latin-1") + body)
        except OSError:
            return
        self._linger()

    def log(self, type: str, message: str, *args: Any) -> None:
        """Log nothing: the sandbox keeps its own request log."""


def _skip_rest(body: RequestBody) -> bool:
    """Read the rest of a body, and return whether its end was found."""
    try:
        return body.skip(_MAX_SKIPPED_BYTES)
    except OSError:
        return False


class Server(ThreadedWSGIServer):
    """A server with a thread for each connection; all connections can be cut at once.

    Attributes:
        now: returns the time that answers state, in seconds since 1970.
        uploads: the large request bodies that are in memory.
    """

    def __init__(self, host: str, port: int, app: WSGIApp, listener: socket.socket, now: Callable[[], int]) -> None:
        self.now = now
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.uploads = Uploads()
        super().__init__(host, port, app, Handler, fd=listener.fileno())

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            full = len(self._connections) >= MAX_CONNECTIONS
            if not full:
                self._connections.add(request)
        if full:
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log an error of ours that ended a connection; the others go on."""
        log.exception("a connection failed")

    def close_connections(self) -> None:
        """End every open connection; their threads end with them."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # it has ended by itself
                pass


def open_server(host: str, port: int, app: WSGIApp, now: Callable[[], int]) -> Server:
    """Bind `host` and `port` (0: any free one) and return the server, not yet serving.

    Args:
        host, port: the address.
        app: answers requests.
        now: returns the time that answers state, in seconds since 1970.

    Raises:
        SandboxAddressError: the address cannot be bound; the message names it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
        return Server(host, port, app, listener, now)
    except OSError as error:
        raise SandboxAddressError(error.errno, f"cannot listen on {host} port {port}: {error.strerror}") from None
    finally:
        listener.close()  # the server works on a duplicate
