"""Answers the names of ``example.test`` in this process, without a name server."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

_ADDRESSES = {
    "api.example.test": ["127.0.0.1"],
    "two.example.test": ["127.0.0.2", "127.0.0.1"],  # the server listens on the second only
    "empty.example.test": [],
}


@contextlib.contextmanager
def local_names() -> Iterator[None]:
    """Have ``*.example.test`` stand for loopback, or for nothing."""
    look_up = socket.getaddrinfo

    def answer(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        if isinstance(host, str) and host.endswith(".example.test"):
            if host not in _ADDRESSES:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return [found for one in _ADDRESSES[host] for found in look_up(one, port, *args, **options)]
        return look_up(host, port, *args, **options)

    socket.getaddrinfo = answer
    try:
        yield
    finally:
        socket.getaddrinfo = look_up
