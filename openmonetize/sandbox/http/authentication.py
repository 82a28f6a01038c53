"""API keys of requests to the platform's routes."""

from __future__ import annotations

from typing import Any

from openmonetize.sandbox.accounts.customers import Customer, customer_by_key
from openmonetize.sandbox.http.responses import gateway_error
from openmonetize.sandbox.state import State


def authenticate(state: State, environ: dict[str, Any]) -> tuple[Customer, str]:
    """Return the customer behind the request's key, and the key.

    Raises:
        Refusal: 401; there is no key, or none that works.
    """
    key = _sent_key(environ)
    if not key:
        message = "Missing API key. Provide via Authorization: Bearer or X-API-Key header"
        raise gateway_error(401, message)
    customer = customer_by_key(state, key)
    if customer is None:
        raise gateway_error(401, "Invalid or missing API key")
    return customer, key


def identity(environ: dict[str, Any]) -> str:
    """Return whose rate limit a request counts against: that of its key, or else of its address."""
    return _sent_key(environ) or environ["REMOTE_ADDR"]


def _sent_key(environ: dict[str, Any]) -> str | None:
    return _bearer_key(environ) or environ.get("HTTP_X_API_KEY")


def _bearer_key(environ: dict[str, Any]) -> str | None:
    """Return the key of ``Authorization: Bearer <key>``; the word is case-sensitive and followed by one space."""
    header: str = environ.get("HTTP_AUTHORIZATION", "")
    return header[7:] or None if header.startswith("Bearer ") else None
