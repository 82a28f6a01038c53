"""A request as the handlers of routes see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from openmonetize.sandbox.accounts.customers import Customer
from openmonetize.sandbox.billing.ingestion import Ingestion
from openmonetize.sandbox.http.responses import gateway_error
from openmonetize.sandbox.state import State


@dataclass
class Request:
    """One request; when a handler gets it, it has passed validation and authentication.

    Attributes:
        state: the sandbox.
        ingestion: accepts events.
        method: the HTTP method.
        target: path and query, still escaped.
        headers: by name in lower case.
        params: the parameters of the path.
        query: the parameters of the query.
        body: the parsed body.
        key: the API key, on a route that asks for one.
        authenticated: the customer behind the key.
        arrived: when the head had arrived, by `time.perf_counter`.
        size: of the body, in bytes.
        clean: whether it is known that no text in the body holds a NUL character or a lone surrogate.
    """

    state: State
    ingestion: Ingestion
    method: str
    target: str
    headers: dict[str, str]
    params: dict[str, str] = field(default_factory=dict)
    query: Any = None
    body: Any = None
    key: str | None = None
    authenticated: Customer | None = None
    arrived: float = 0.0
    size: int = 0
    clean: bool = False

    @property
    def customer(self) -> Customer:
        """The customer behind the key, on a route that asks for one."""
        if self.authenticated is None:
            raise AssertionError("this route takes no key")
        return self.authenticated

    def require_own(self, customer_id: str | None) -> None:
        """Refuse a customer id that is not that of the key.

        Raises:
            Refusal: 403.
        """
        if customer_id != self.customer.id:
            raise gateway_error(403, "Access denied to this customer")
