"""A server on loopback that answers with the bytes a test tells it to, and remembers what it was asked."""

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
#: How many times a test server drips, or waits for a client to go, before it gives up: a failing test must end.
PATIENCE = 400


@dataclass
class Request:
    """One request, as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int
    lines: list[str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Talk:
    """One request and the means to answer it."""

    def __init__(self, request: Request, sock: socket.socket, stopped: threading.Event) -> None:
        self.request = request
        self.sock = sock
        self.stopped = stopped

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def pause(self, seconds: float = 0.02) -> bool:
        """Wait a little; False once the server is to stop."""
        return not self.stopped.wait(seconds)


#: Answers a request; False where the connection is to be closed then.
Answer = Callable[[Talk], Optional[bool]]


def message(status: int, body: Body = None, headers: Mapping[str, str] | None = None) -> bytes:
    """A whole HTTP answer: JSON for dicts and lists, HTML for a str."""
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


def answer(status: int = 200, body: Body = BALANCE, **headers: str) -> Answer:
    """A proper answer; ``retry_after="1"`` becomes the header Retry-After."""
    data = message(status, body, {name.replace("_", "-"): value for name, value in headers.items()})
    return raw(data, keep=True)


def raw(data: bytes, keep: bool = False) -> Answer:
    """These bytes, and then the end of the connection."""

    def talk(talk: Talk) -> bool:
        talk.send(data)
        return keep

    return talk


def drip(head: bytes, piece: bytes = b"x", pause: float = 0.02) -> Answer:
    """These bytes, and then a few more every now and then, for much longer than anybody should wait."""

    def talk(talk: Talk) -> bool:
        talk.send(head)
        for _ in range(PATIENCE):
            if not talk.pause(pause):
                break
            talk.send(piece)
        return False

    return talk


def hang(talk: Talk) -> bool:
    """No answer."""
    for _ in range(PATIENCE):
        if not talk.pause():
            break
    return False


def vanish(talk: Talk) -> bool:
    """Close the connection instead of answering."""
    return False


def reset(talk: Talk) -> bool:
    """Reset the connection instead of answering."""
    talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


@contextmanager
def deaf(address: tuple[str, int]) -> Iterator[int]:
    """A port that accepts nothing, and whose queue is full: to connect to it takes forever."""
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
    """A running server.

    Attributes:
        script: answers, one per request, oldest first.
        default: the answer when the script has run out.
        requests: all requests so far.
        connections: how many connections were accepted.
        open: how many of them are open.
        instead: what to do with a connection, instead of speaking HTTP.
    """

    def __init__(self, *script: Answer, default: Answer | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.script: deque[Answer] = deque(script)
        self.default = answer() if default is None else default
        self.requests: list[Request] = []
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
    def last(self) -> Request:
        return self.requests[-1]

    def then(self, *script: Answer) -> None:
        """Append to the script."""
        self.script.extend(script)

    def wait_until(self, condition: Callable[[], bool]) -> bool:
        """Wait for something to happen on the server's side."""
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
        """Clients that hang up are what the tests are about."""


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
        request = Request(start[0], start[1], headers, body, number, raw_lines)
        with loopback.changed:
            loopback.requests.append(request)
            chosen = loopback.script.popleft() if loopback.script else loopback.default
            loopback.changed.notify_all()
        keep = chosen(Talk(request, self.request, loopback.stopped))
        return bool(keep) and headers.get("connection", "").lower() != "close"
