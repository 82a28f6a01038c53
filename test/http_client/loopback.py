"""A loopback server that answers with the bytes that a test gives it, and records the requests."""

from __future__ import annotations

import json
import socket
import socketserver
import ssl
import struct
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Callable, Optional, Union

Body = Union[bytes, str, Mapping[str, Any], list[Any], None]

BALANCE = {"data": {"balance": "120", "reservedBalance": "0", "availableBalance": "120", "currency": "credits"}}
HTML = "<html><body><h1>Welcome to the airport Wi-Fi</h1></body></html>"
# A dripping or hanging server gives up after so many pauses, so that a failing test ends.
MAX_PAUSES = 400


@dataclass
class ReceivedRequest:
    """One request, as it was received."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int
    lines: list[str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Exchange:
    """One request, and the connection to answer it on."""

    def __init__(self, request: ReceivedRequest, sock: socket.socket, stopped: threading.Event) -> None:
        self.request = request
        self.sock = sock
        self.stopped = stopped

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def pause(self, seconds: float = 0.02) -> bool:
        """Wait for some seconds; return False if the server is stopping."""
        return not self.stopped.wait(seconds)


# Answers a request. Returns False to close the connection afterwards.
Responder = Callable[[Exchange], Optional[bool]]


def message(status: int, body: Body = None, headers: Mapping[str, str] | None = None) -> bytes:
    """Return the bytes of a whole HTTP response: JSON for dicts and lists, HTML for a str."""
    kind, data = "application/octet-stream", b""
    if isinstance(body, bytes):
        data = body
    elif isinstance(body, str):
        kind, data = "text/html", body.encode()
    elif body is not None:
        kind, data = "application/json", json.dumps(body).encode()
    fields = {"content-type": kind, "content-length": str(len(data))}
    fields.update({name.lower(): value for name, value in (headers or {}).items()})
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Whatever\r\n{lines}\r\n".encode("latin-1") + data


def answer(status: int = 200, body: Body = BALANCE, **headers: str) -> Responder:
    """Answer with a valid response; ``retry_after="1"`` becomes the header Retry-After."""
    data = message(status, body, {name.replace("_", "-"): value for name, value in headers.items()})
    return raw(data, keep=True)


def raw(data: bytes, keep: bool = False) -> Responder:
    """Answer with these bytes, then close the connection, unless ``keep``."""

    def respond(exchange: Exchange) -> bool:
        exchange.send(data)
        return keep

    return respond


def drip(head: bytes, piece: bytes = b"x", pause: float = 0.02) -> Responder:
    """Answer with these bytes, then with ``piece`` after each pause, for longer than any deadline in the tests."""

    def respond(exchange: Exchange) -> bool:
        exchange.send(head)
        for _ in range(MAX_PAUSES):
            if not exchange.pause(pause):
                break
            exchange.send(piece)
        return False

    return respond


def hang(exchange: Exchange) -> bool:
    """Answer with nothing, and keep the connection open."""
    for _ in range(MAX_PAUSES):
        if not exchange.pause():
            break
    return False


def vanish(exchange: Exchange) -> bool:
    """Close the connection instead of answering."""
    return False


def reset(exchange: Exchange) -> bool:
    """Reset the connection instead of answering."""
    exchange.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


@contextmanager
def deaf(address: tuple[str, int]) -> Iterator[int]:
    """Yield a port that accepts no connections: its queue is full, so connecting to it hangs."""
    with ExitStack() as sockets:
        full = sockets.enter_context(socket.socket())
        full.bind(address)
        full.listen(0)
        for _ in range(4):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield full.getsockname()[1]


class Loopback:
    """A running loopback server.

    Attributes:
        script: what answers the next requests, one each, in order.
        default: what answers when the script is empty.
        requests: all requests so far.
        connections: how many connections were accepted.
        open: how many of them are open.
        instead: handles each connection instead of the HTTP server, if it is set.
    """

    def __init__(self, *script: Responder, default: Responder | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.script: deque[Responder] = deque(script)
        self.default = answer() if default is None else default
        self.requests: list[ReceivedRequest] = []
        self.connections = 0
        self.open = 0
        self.changed = threading.Condition()
        self.stopped = threading.Event()
        self.tls = tls
        self.instead: Callable[[socket.socket], object] | None = None
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.loopback = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.002}, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    @property
    def last(self) -> ReceivedRequest:
        return self.requests[-1]

    def then(self, *script: Responder) -> None:
        """Append to the script."""
        self.script.extend(script)

    def wait_until(self, condition: Callable[[], bool]) -> bool:
        """Wait until the condition holds; return False after 10 seconds."""
        with self.changed:
            return self.changed.wait_for(condition, 10.0)

    def __enter__(self) -> Loopback:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 64
    loopback: Loopback

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that close their connection early."""


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        loopback = self.server.loopback
        self.request.settimeout(10.0)
        if loopback.tls is not None:
            self.request = loopback.tls.wrap_socket(self.request, server_side=True)
        with loopback.changed:
            loopback.connections += 1
            loopback.open += 1
            number = loopback.connections
            loopback.changed.notify_all()
        try:
            if loopback.instead is not None:
                loopback.instead(self.request)
                return
            with self.request.makefile("rb") as lines:
                while self._exchange(loopback, lines, number):
                    pass
        finally:
            self.request.close()
            with loopback.changed:
                loopback.open -= 1
                loopback.changed.notify_all()

    def _exchange(self, loopback: Loopback, lines: Any, number: int) -> bool:
        start = lines.readline().decode("latin-1").split()
        if not start:
            return False
        headers = {}
        raw_lines = [line.decode("latin-1") for line in iter(lines.readline, b"\r\n")]
        for line in raw_lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = lines.read(int(headers.get("content-length", 0)))
        request = ReceivedRequest(start[0], start[1], headers, body, number, raw_lines)
        with loopback.changed:
            loopback.requests.append(request)
            chosen = loopback.script.popleft() if loopback.script else loopback.default
            loopback.changed.notify_all()
        keep = chosen(Exchange(request, self.request, loopback.stopped))
        return bool(keep) and headers.get("connection", "").lower() != "close"
