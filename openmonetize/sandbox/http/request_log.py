"""The request log: the last requests and their responses, kept in memory for tests and the console."""

from __future__ import annotations

import re
import threading
from collections import deque
from typing import Any

MAX_BODY_KEPT = 4096  # bytes

_MAX_ENTRIES = 500
_KEY = re.compile(r"om_live_[0-9a-z]+")
_KEPT_HEADERS = ("CONTENT_TYPE", "HTTP_USER_AGENT", "HTTP_X_REQUEST_ID")


class RequestLog:
    """A ring buffer of the last requests. Keys are never kept, bodies up to a few kilobytes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[dict[str, Any]] = deque(maxlen=_MAX_ENTRIES)
        self._count = 0
        self._cleared = 0

    def write(
        self,
        environ: dict[str, Any],
        target: str,
        body: bytes,
        at: str,
        status: int | None,
        milliseconds: float,
        response: bytes,
        fault: str | None,
    ) -> None:
        """Add a request. `status` is None if the connection was cut without a response."""
        headers = {
            name.replace("HTTP_", "").replace("_", "-").lower(): environ[name]
            for name in _KEPT_HEADERS
            if name in environ
        }
        with self._lock:
            self._count += 1
            self._entries.append(
                {
                    "number": self._count,
                    "at": at,
                    "method": environ["REQUEST_METHOD"],
                    "target": target,
                    "headers": headers,
                    "keyed": "HTTP_AUTHORIZATION" in environ or "HTTP_X_API_KEY" in environ,
                    "body": _shown(body),
                    "body_bytes": len(body),
                    "status": status,
                    "answer": _shown(response),
                    "answer_bytes": len(response),
                    "milliseconds": round(milliseconds, 2),
                    "fault": fault,
                }
            )

    def entries(self, after: int = 0) -> list[dict[str, Any]]:
        """Return the kept requests, oldest first, with a number above `after`."""
        with self._lock:
            return [dict(entry) for entry in self._entries if entry["number"] > after]

    @property
    def total(self) -> int:
        """How many requests there have been since the log was last cleared, kept or not."""
        with self._lock:
            return self._count - self._cleared

    def clear(self) -> None:
        """Forget the requests; their numbers go on."""
        with self._lock:
            self._entries.clear()
            self._cleared = self._count


def _shown(body: bytes) -> str:
    return _KEY.sub("om_live_...", body[:MAX_BODY_KEPT].decode("utf-8", "replace"))
