"""The HTTP server: Werkzeug's threaded WSGI server with keep-alive, one write for each response, and limits.

Werkzeug was chosen since it runs unchanged on every supported Python, and has a router. Its development server
drains and closes each connection after the response, so `Handler.run_wsgi` is our own.
"""

from __future__ import annotations

import io
import json
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
from openmonetize.sandbox.http.body import content_length
from openmonetize.sandbox.http.environ import ARRIVED, BODY_BYTES_READ, RESET, TRUNCATE

log = logging.getLogger("openmonetize.sandbox")

WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# Seconds that a connection may be silent.
CONNECTION_IDLE_TIMEOUT = 75.0
# Seconds that one request may take to arrive, however slowly its bytes come.
REQUEST_TIMEOUT = 60.0

_MAX_DRAINED_BYTES = 32 * 1024 * 1024
_CHUNK_SIZE = 65_536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER with a time of 0: close() sends RST


class _DeadlineReader(io.RawIOBase):
    """Reads from a socket until a deadline that begins with the first bytes of each request."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._deadline: float | None = None

    def readable(self) -> bool:
        return True

    def await_request(self) -> None:
        self._deadline = None

    def readinto(self, buffer: Any) -> int:
        now = time.monotonic()
        remaining = (
            CONNECTION_IDLE_TIMEOUT if self._deadline is None else min(CONNECTION_IDLE_TIMEOUT, self._deadline - now)
        )
        if remaining <= 0:
            raise socket.timeout("the request took too long to arrive")
        self._connection.settimeout(remaining)
        count = self._connection.recv_into(buffer)
        if self._deadline is None:
            self._deadline = time.monotonic() + REQUEST_TIMEOUT
        self._connection.settimeout(CONNECTION_IDLE_TIMEOUT)
        return count


class Handler(WSGIRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self._reader = _DeadlineReader(self.connection)
        self.rfile = io.BufferedReader(self._reader)

    def handle_one_request(self) -> None:
        self._reader.await_request()
        super().handle_one_request()

    def parse_request(self) -> bool:
        self._arrived = time.perf_counter()
        return super().parse_request()

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        # As it was sent: `http.server` reduces several slashes at the start of a path to one
        # (https://github.com/python/cpython/issues/87389).
        environ["RAW_URI"] = self.requestline.split()[1]
        environ[ARRIVED] = self._arrived
        self.environ = environ
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            started[:] = [(status, headers)]

        body = b"".join(self.server.app(environ, start_response))
        if environ.get(RESET):
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self.connection.close()
            return
        self._drain(environ)
        status, headers = started[0]
        if environ.get(TRUNCATE):
            self.close_connection = True
            body = body[: len(body) // 2]
        head = [f"HTTP/1.1 {status}", f"Date: {self.date_time_string()}"]
        head += [f"{name}: {value}" for name, value in headers]
        head.append("Connection: close" if self.close_connection else "Connection: keep-alive")
        self.wfile.write("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)

    def _drain(self, environ: dict[str, Any]) -> None:
        """Read the rest of the request body, since the next request starts after it."""
        chunked = environ.get("wsgi.input_terminated", False)
        length = content_length(environ)
        left = _MAX_DRAINED_BYTES if chunked else (length or 0) - environ.get(BODY_BYTES_READ, 0)
        # If the end of the body is unknown or far away, close the connection after the response.
        self.close_connection = self.close_connection or length is None or chunked or left > _MAX_DRAINED_BYTES
        try:
            while left > 0:
                chunk = environ["wsgi.input"].read(min(_CHUNK_SIZE, left))
                if not chunk:
                    return
                left -= len(chunk)
        except OSError:
            self.close_connection = True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Respond to a request that is too malformed for the application."""
        phrase = HTTPStatus(code).phrase
        body = json.dumps({"error": phrase, "message": message or phrase, "statusCode": int(code)}).encode()
        head = f"HTTP/1.1 {int(code)} {phrase}\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        self.close_connection = True
        self.wfile.write(head.encode("latin-1") + body)

    def log(self, type: str, message: str, *args: Any) -> None:
        """Log nothing: the sandbox keeps its own request log."""


class Server(ThreadedWSGIServer):
    """A server with a thread for each connection; all connections can be cut at once."""

    def __init__(self, host: str, port: int, app: WSGIApp, listener: socket.socket) -> None:
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(host, port, app, Handler, fd=listener.fileno())

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
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


def open_server(host: str, port: int, app: WSGIApp) -> Server:
    """Bind `host` and `port` (0: any free one) and return the server, not yet serving.

    Raises:
        SandboxAddressError: the address cannot be bound; the message names it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
        return Server(host, port, app, listener)
    except OSError as error:
        raise SandboxAddressError(error.errno, f"cannot listen on {host} port {port}: {error.strerror}") from None
    finally:
        listener.close()  # the server works on a duplicate
