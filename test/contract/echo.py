"""A server on loopback that gives a configured answer and records each request byte by byte."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Seen(NamedTuple):
    """One request. Header names are in lower case."""

    verb: str
    target: str
    headers: dict[str, str]
    body: bytes


class Echo:
    """A server that gives every request the same answer, until another one is set."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.answer(200, b"{}", "application/json")
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.echo = self
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def answer(self, status: int, body: bytes, content_type: str | None, **headers: str) -> None:
        """Set the answer; without a content type there is no such header. More headers have _ for -."""
        self.status, self.body, self.content_type = status, body, content_type
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    @property
    def last(self) -> Seen:
        """The only request since this was last read."""
        [only] = self.seen
        self.seen.clear()
        return only

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    echo: Echo


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet
    server: _Server

    def do_POST(self) -> None:
        echo = self.server.echo
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        echo.seen.append(Seen(self.command, self.path, headers, body))
        self.send_response(echo.status)
        if echo.content_type is not None:
            self.send_header("Content-Type", echo.content_type)
        for name, value in echo.headers.items():
            self.send_header(name, value)
        if echo.status != 204:
            self.send_header("Content-Length", str(len(echo.body)))
        self.end_headers()
        if self.command != "HEAD" and echo.status != 204:
            self.wfile.write(echo.body)

    do_GET = do_PUT = do_DELETE = do_OPTIONS = do_HEAD = do_PATCH = do_POST

    def log_message(self, *args: Any) -> None:
        """Log nothing."""
