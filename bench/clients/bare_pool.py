"""The client by hand on urllib3's pool of one host, without its redirects and retries: the lowest possible cost."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import urllib3

from clients import by_hand


def connect(url: str) -> by_hand.Request:
    """Return a function that sends requests to paths of this server."""
    parts = urlsplit(url)
    pool = urllib3.HTTPConnectionPool(parts.hostname or "", parts.port)
    return lambda method, path, **given: pool.urlopen(
        method, path, timeout=by_hand.TIMEOUT, retries=False, redirect=False, **given
    )


def get_balance(url: str) -> Callable[[], object]:
    """Return a callable that makes a small GET."""
    return by_hand.get_balance(url, connect)


def get_transactions(url: str) -> Callable[[], object]:
    """Return a callable that makes a GET of 50 rows."""
    return by_hand.get_transactions(url, connect)


def post(url: str, count: int) -> Callable[[], object]:
    """Return a callable that makes a POST of ready events."""
    return by_hand.post(url, count, connect)
