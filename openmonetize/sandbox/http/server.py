"""The HTTP server: Werkzeug's threaded WSGI server with keep-alive, one write per answer, and limits.

Werkzeug was chosen because it runs unchanged on every supported Python, gives an application the raw socket
(`environ["werkzeug.socket"]`, needed to cut a connection on purpose), and brings a router. What is ours here: its
development server closes each connection and lingers on it, so `Handler.run_wsgi` answers differently.
"""

from __future__ import annotations

import io
import json
import logging
import socket
import struct
import threading
import time
from http import HTTPStatus
from typing import Any, Callable, Dict, Iterable, List, Optional, Set, Tuple

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from openmonetize.sandbox.http import body as bodies

log = logging.getLogger("openmonetize.sandbox")

WSGIApp = Callable[[Dict[str, Any], Callable[..., Any]], Iterable[bytes]]

IDLE_SECONDS = 75.0
"""How long a connection may say nothing."""

REQUEST_SECONDS = 60.0
"""How long one request may take to arrive, however slowly it drips."""

ARRIVED = "openmonetize.arrived"
"""The environ's key for when the head of the request had arrived, by `time.perf_counter`."""

RESET = "openmonetize.reset"
TRUNCATE = "openmonetize.truncate"
"""Keys of the environ by which the application asks to cut the connection, or to send half of the answer."""

_DRAIN_BYTES = 32 * 1024 * 1024
_LINGER_NOT = struct.pack("ii", 1, 0)


class _DeadlineReader(io.RawIOBase):
    """Reads from a socket until a deadline that each new request sets."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._deadline: Optional[float] = None

    def readable(self) -> bool:
        return True

    def await_request(self) -> None:
        self._deadline = None

    def readinto(self, buffer: Any) -> int:
        now = time.monotonic()
        remaining = IDLE_SECONDS if self._deadline is None else min(IDLE_SECONDS, self._deadline - now)
        if remaining <= 0:
            raise socket.timeout("the request took too long to arrive")
        self._connection.settimeout(remaining)
        count = self._connection.recv_into(buffer)
        if self._deadline is None:
            self._deadline = time.monotonic() + REQUEST_SECONDS
        self._connection.settimeout(IDLE_SECONDS)
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
        environ["RAW_URI"] = self.requestline.split()[1]  # as it came: Python makes one of the slashes at its start
        environ[ARRIVED] = self._arrived
        self.environ = environ
        started: List[Tuple[str, List[Tuple[str, str]]]] = []

        def start_response(status: str, headers: List[Tuple[str, str]], exc_info: Any = None) -> Any:
            started[:] = [(status, headers)]

        body = b"".join(self.server.app(environ, start_response))
        if environ.get(RESET):
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
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

    def _drain(self, environ: Dict[str, Any]) -> None:
        """Read what the application left of the request body, for the next request starts behind it."""
        chunked = environ.get("wsgi.input_terminated", False)
        length = bodies.content_length(environ)
        left = _DRAIN_BYTES if chunked else (length or 0) - environ.get(bodies.READ, 0)
        # Where a body ends is not known, or too far away: answer, and hang up.
        self.close_connection = self.close_connection or length is None or chunked or left > _DRAIN_BYTES
        try:
            while left > 0:
                chunk = environ["wsgi.input"].read(min(65536, left))
                if not chunk:
                    return
                left -= len(chunk)
        except OSError:
            self.close_connection = True

    def send_error(self, code: int, message: Optional[str] = None, explain: Optional[str] = None) -> None:
        """A request that is not HTTP enough to reach the application."""
        phrase = HTTPStatus(code).phrase
        body = json.dumps({"error": phrase, "message": message or phrase, "statusCode": int(code)}).encode()
        head = f"HTTP/1.1 {int(code)} {phrase}\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        self.close_connection = True
        self.wfile.write(head.encode("latin-1") + body)

    def log(self, type: str, message: str, *args: Any) -> None:
        """Quiet: the sandbox keeps its own request log."""


class Server(ThreadedWSGIServer):
    """A thread for each connection; all connections can be cut at once."""

    def __init__(self, host: str, port: int, app: WSGIApp, listener: socket.socket) -> None:
        self._connections: Set[socket.socket] = set()
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
        """A connection that ended in an error of ours; the others go on."""
        log.exception("a connection failed")

    def close_connections(self) -> None:
        """End every open connection; their threads end with them."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # it has just ended by itself
                pass


def open_server(host: str, port: int, app: WSGIApp) -> Server:
    """Bind `host` and `port` (0: any free one) and return the server, not yet serving.

    Raises:
        OSError: the address cannot be bound; the message names it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
        return Server(host, port, app, listener)
    except OSError as error:
        raise OSError(error.errno, f"cannot listen on {host} port {port}: {error.strerror}") from None
    finally:
        listener.close()  # the server works on a duplicate of it
