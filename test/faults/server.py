"""A server on loopback that has one fault, for a number of requests or until it is healed."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Mapping, Optional

from .ledger import Platform, Request

LATENCY = 0.02  # seconds from the end of a request to the first byte of the answer
CERTIFICATES = Path(__file__).with_name("certificates")
# Beyond this, a server that sends without an end gives up: the client should have hung up long before.
MAX_SENT = 256 * 1024 * 1024

Headers = Mapping[str, str]


class Exchange:
    """One request, and the connection to answer it on."""

    def __init__(self, server: FaultServer, sock: socket.socket, request: Request) -> None:
        self.server = server
        self.sock = sock
        self.request = request

    def process(self) -> tuple[int, bytes]:
        """Do what the request asks for, and return the status and the body of the answer."""
        return self.server.platform.process(self.request)

    def pause(self, seconds: float) -> bool:
        """Wait. Return False if the fault is over, and what goes on without an end should end."""
        return not self.server.over.wait(seconds)

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.sock.sendall(data)

    def answer(
        self, status: int, body: bytes, headers: Headers | None = None, *, length: str | None = "", version: str = "1.1"
    ) -> None:
        """Send an answer; ``length`` overrides the header, None leaves it out."""
        fields = {"Content-Type": "application/json", "Content-Length": length or str(len(body)), **(headers or {})}
        if length is None:
            del fields["Content-Length"]
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
        self.send(f"HTTP/{version} {status} Words\r\n{lines}\r\n".encode("latin-1") + body)

    def reset(self) -> bool:
        """Reset the connection."""
        reset(self.sock)
        return False


# Answers a request. Returns whether the connection can be used again.
Respond = Callable[[Exchange], Optional[bool]]


def reset(sock: socket.socket) -> None:
    """Reset a connection: nothing that was sent need arrive."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def error_body(status: int, message: str = "not now") -> bytes:
    """Return an error in the platform's form."""
    words = {400: "Bad Request", 403: "FORBIDDEN"}.get(status, "Error")
    return json.dumps({"error": words, "message": message, "statusCode": status}).encode()


@dataclass(frozen=True)
class Fault:
    """A way in which a call can go wrong, and what has to come of it.

    Attributes:
        name: for the tables, in Markdown.
        group: the table that it is in.
        respond: answers a request while the fault lasts.
        connect: serves a connection while the fault lasts, instead of HTTP; it may leave HTTP to the server.
        tunnel: answers a proxy's client that asks for a tunnel.
        reused: only requests on a connection that has answered one before.
        primed: a call is made, and answered well, before the one that is looked at.
        harmless: callers do not notice it, however long it lasts.
        repeats: a call that may be repeated is, so that once is not noticed.
        error: name of the class of what is raised while it lasts; "" for any `ApiException`.
        url: the address that callers use, with the server's port for ``{port}``.
        settings: of callers' configurations, with the server's port for ``{port}`` in a proxy's address.
    heals: the server can end it.
    """

    name: str
    group: str
    respond: Respond | None = None
    connect: Callable[[FaultServer, socket.socket], socket.socket | None] | None = None
    tunnel: Respond | None = None
    reused: bool = False
    primed: bool = False
    harmless: bool = False
    repeats: bool = True
    error: str = ""
    url: str = "http://127.0.0.1:{port}"
    settings: Mapping[str, Any] = field(default_factory=dict)
    heals: bool = True


def tls_context(certificate: str) -> ssl.SSLContext:
    """Return the TLS context of a server with one of the certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
    return context


class FaultServer:
    """A running server.

    Args:
        fault: what is wrong with it.
        times: how many requests or connections meet the fault.

    Attributes:
        platform: the ledger.
        elsewhere: another origin; what is sent there is in ``strays``.
        over: set when the fault is over: what hangs ends.
    """

    def __init__(self, fault: Fault, times: float) -> None:
        self.fault = fault
        self.platform = Platform()
        self.started = time.time()
        self.over = threading.Event()
        self.idle = threading.Event()  # set when something was done to a connection after an answer
        self.strays: list[bytes] = []
        self._left = times
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listeners = [self._listen(self._serve), self._listen(self._stray)]
        self.port, self.elsewhere = (one.getsockname()[1] for one in self._listeners)
        self.url = fault.url.format(port=self.port)

    def take(self) -> bool:
        """Return whether the fault is still there, for one request more."""
        with self._lock:
            self._left -= 1
            return self._left >= 0

    def heal(self) -> None:
        """End the fault, and every answer that goes on because of it."""
        with self._lock:
            self._left = 0
        self.over.set()

    def close(self) -> None:
        """End all connections, and wait for the threads that serve them."""
        self.heal()
        for one in (*self._listeners, *list(self._open)):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(10.0)
        for one in (*self._listeners, *list(self._open)):
            one.close()

    def _listen(self, serve: Callable[[socket.socket], None]) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)

        def accept() -> None:
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(20.0)
                self._open.add(sock)
                self._start(self._run, serve, sock)

        self._start(accept)
        return listener

    def _start(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self, serve: Callable[[socket.socket], None], sock: socket.socket) -> None:
        try:
            serve(sock)
        except (OSError, ValueError):
            pass  # the client has hung up, or speaks something else
        finally:
            sock.close()
            self._open.discard(sock)

    def _stray(self, sock: socket.socket) -> None:
        self.strays.append(sock.recv(65536))

    def _serve(self, sock: socket.socket) -> None:
        fault = self.fault
        if fault.connect is not None and self.take():
            served = fault.connect(self, sock)
            if served is None:
                return
            sock = served
        elif self.url.startswith("https:") and not fault.settings.get("proxy"):
            sock = tls_context("good").wrap_socket(sock, server_side=True)
        try:
            self._serve_http(sock)
        finally:
            sock.close()

    def _serve_http(self, sock: socket.socket) -> None:
        lines, served, clear = sock.makefile("rb"), 0, bool(self.fault.settings.get("proxy"))
        while True:
            request = _read(lines, clear, served)
            if request is None:
                return
            exchange = Exchange(self, sock, request)
            if request.method == "CONNECT":
                self.platform.note(request)
                if self.fault.tunnel is not None and self.take():
                    if not self.fault.tunnel(exchange):
                        return
                    continue
                exchange.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
                sock, clear = tls_context("good").wrap_socket(sock, server_side=True), False
                self._open.add(sock)
                lines = sock.makefile("rb")
                continue
            keep = self._respond(exchange)
            served += 1
            if not keep or request.headers.get("connection", "").lower() == "close":
                return

    def _respond(self, exchange: Exchange) -> bool:
        request, fault = exchange.request, self.fault
        time.sleep(LATENCY)
        if not request.target.endswith("/v1/customers/me"):
            self.platform.note(request)
            if fault.respond is not None and (request.served or not fault.reused) and self.take():
                return bool(fault.respond(exchange))
        exchange.answer(*exchange.process())
        return True


def _read(lines: io.BufferedReader, clear: bool, served: int) -> Request | None:
    line = lines.readline().decode("latin-1").strip()
    if not line:
        return None
    headers = {}
    for raw in iter(lines.readline, b"\r\n"):
        if not raw:
            return None
        name, _, value = raw.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = lines.read(int(headers.get("content-length", 0)))
    return Request(line, headers, body, clear, served)
