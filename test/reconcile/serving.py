"""A server that gives prepared answers, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs


class Asked(NamedTuple):
    """A request."""

    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]


class Reports:
    """What is answered, by path: pages in order, or a status and a body."""

    def __init__(self, pages: dict[str, list[Any]]) -> None:
        self.pages = pages
        self.asked: list[Asked] = []
        self.url = ""

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        """Return status and body."""
        path, _, query = path.partition("?")
        self.asked.append(Asked(path, parse_qs(query), headers))
        pages = self.pages.get(path)
        if not pages:
            return 200, json.dumps({"object": "page", "data": [], "has_more": False, "next_page": None}).encode()
        page = pages.pop(0) if len(pages) > 1 else pages[0]
        status, body = page if isinstance(page, tuple) else (200, page)
        return status, body if isinstance(body, bytes) else json.dumps(body).encode()


@contextmanager
def serving(pages: dict[str, list[Any]]) -> Iterator[Reports]:
    """Serve reports on a port of this machine."""
    reports = Reports(pages)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, body = reports.answer(self.path, headers)
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    reports.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield reports
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
