"""A loopback server that gives canned answers and records the requests."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple


class Asked(NamedTuple):
    """One request."""

    method: str
    target: str
    headers: dict[str, str]
    body: Any


class CannedReply(NamedTuple):
    """One answer: a JSON body, or server-sent events."""

    status: int = 200
    body: Any = None
    events: list[Any] | None = None
    headers: Mapping[str, str] = MappingProxyType({})


class Canned:
    """Answers with `replies` in turn, then always with `reply`.

    Attributes:
        asked: the requests so far.
        hold: answers wait until it is set.
        delay: seconds that each answer takes.
    """

    def __init__(self) -> None:
        self.reply = CannedReply(body={})
        self.replies: deque[CannedReply | str] = deque()
        self.asked: list[Asked] = []
        self.delay = 0.0
        self.hold = threading.Event()
        self.hold.set()
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.canned = self
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def __enter__(self) -> Canned:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.hold.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    canned: Canned

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that close their connection early."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        canned = self.server.canned
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(self.command, self.path, dict(self.headers), json.loads(raw) if raw else None)
        canned.asked.append(asked)
        canned.hold.wait(10.0)
        time.sleep(canned.delay)
        reply = canned.replies.popleft() if canned.replies else canned.reply
        if reply == "reset":
            self.close_connection = True
            self.connection.close()
            return
        assert isinstance(reply, CannedReply)
        if reply.events is None:
            kind, content = "application/json", json.dumps(reply.body).encode()
        else:
            kind = "text/event-stream"
            content = b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in reply.events)
            content += b"data: [DONE]\n\n"
        self.send_response(reply.status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST

    def log_message(self, *args: Any) -> None:
        pass
