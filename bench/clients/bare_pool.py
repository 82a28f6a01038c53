"""As by hand, but for urllib3's pool of one host, without its own redirects and retries: the least it can cost."""

from __future__ import annotations

from typing import Callable
from urllib.parse import urlsplit

import urllib3

from clients import by_hand


def connect(url: str) -> by_hand.Request:
    """A function that sends requests to paths of this server."""
    parts = urlsplit(url)
    pool = urllib3.HTTPConnectionPool(parts.hostname or "", parts.port)
    return lambda method, path, **given: pool.urlopen(
        method, path, timeout=by_hand.TIMEOUT, retries=False, redirect=False, **given
    )


def get_balance(url: str) -> Callable[[], object]:
    """A small GET."""
    return by_hand.get_balance(url, connect)


def get_transactions(url: str) -> Callable[[], object]:
    """A GET of 50 rows."""
    return by_hand.get_transactions(url, connect)


def post(url: str, count: int) -> Callable[[], object]:
    """A POST of ready events."""
    return by_hand.post(url, count, connect)
