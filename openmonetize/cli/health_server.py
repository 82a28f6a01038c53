"""A small HTTP server that says how a service is: ``/healthz`` for supervisors, ``/metrics`` for Prometheus."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from typing import Any, NamedTuple, Union

from openmonetize.cli.errors import CommandError

_MAX_CONNECTIONS = 16  # at a time; more are closed at once
_TIMEOUT = 5.0  # seconds that a request and its answer may take
_LOOPBACK = "127.0.0.1"
# https://prometheus.io/docs/instrumenting/exposition_formats/
_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


class Address(NamedTuple):
    """Where to listen."""

    host: str
    port: int


def read_address(text: str) -> Address:
    """Return the address that a text names: ``PORT``, which is on loopback, ``HOST:PORT`` or ``[HOST]:PORT``.

    Raises:
        CommandError: it names none.
    """
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise CommandError(f"{text!r} is no address such as 9464, 127.0.0.1:9464 or [::1]:9464")
    return Address(host.strip("[]") or _LOOPBACK, int(port))


class HealthServer:
    """Listens at an address, and serves within the block of `serving`, in threads of its own.

    Args:
        address: where to listen; port 0 takes a free one.

    Attributes:
        url: where it listens.

    Raises:
        CommandError: it cannot listen there.
    """

    def __init__(self, address: Address) -> None:
        try:
            self._server = _Server(address)
        except OSError as error:
            raise CommandError(f"cannot listen on {address.host}:{address.port}: {error.strerror or error}") from None
        host = f"[{address.host}]" if ":" in address.host else address.host
        self.url = f"http://{host}:{self._server.server_port}"

    @contextmanager
    def serving(self, problems: Callable[[], list[str]], metrics: Callable[[], str]) -> Iterator[None]:
        """Serve.

        Args:
            problems: returns what is wrong, in words; nothing if all is well.
            metrics: returns the text of ``/metrics``.
        """
        self._server.problems, self._server.metrics = problems, metrics
        threading.Thread(target=self._server.serve_forever, name="openmonetize-health", daemon=True).start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()


class _Server(ThreadingMixIn, HTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = _MAX_CONNECTIONS

    problems: Callable[[], list[str]]
    metrics: Callable[[], str]

    def __init__(self, address: Address) -> None:
        self._lock = threading.Lock()
        self._open: dict[socket.socket, float] = {}  # connections, and until when they may take
        self.address_family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind, without the look-up of the host's name that `HTTPServer` does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "", int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, unless too many are at it."""
        with self._lock:
            full = len(self._open) >= _MAX_CONNECTIONS
            if not full:
                self._open[request] = time.monotonic() + _TIMEOUT
        if full:
            self.shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """End the connections that take too long, however slowly their bytes come."""
        with self._lock:
            late = [connection for connection, until in self._open.items() if until < time.monotonic()]
        for connection in late:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended

    def handle_error(self, request: Union[socket.socket, tuple[bytes, socket.socket]], client_address: Any) -> None:
        """Say nothing of clients that leave."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "openmonetize"
    sys_version = ""
    timeout = _TIMEOUT

    def do_GET(self) -> None:
        """Answer a request."""
        path = self.path.partition("?")[0]
        if path == "/healthz":
            problems = self.server.problems()
            body = json.dumps({"status": "failing" if problems else "ok", "problems": problems}) + "\n"
            self._answer(503 if problems else 200, "application/json", body)
        elif path == "/metrics":
            self._answer(200, _PROMETHEUS, self.server.metrics())
        else:
            self._answer(404, "text/plain; charset=utf-8", "there are /healthz and /metrics\n")

    do_HEAD = do_GET

    def _answer(self, status: int, content_type: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


class Sample(NamedTuple):
    """One value of a metric.

    Attributes:
        value: the value.
        labels: what it is of.
    """

    value: float
    labels: dict[str, str]


def metric_text(name: str, kind: str, help_text: str, samples: list[Sample]) -> str:
    """Return a metric in the text format of Prometheus; nothing without values."""
    if not samples:
        return ""
    lines = [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}"]
    for sample in samples:
        labels = ",".join(f'{label}="{_escaped(value)}"' for label, value in sample.labels.items())
        lines.append(f"{name}{{{labels}}} {sample.value:.15g}" if labels else f"{name} {sample.value:.15g}")
    return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
