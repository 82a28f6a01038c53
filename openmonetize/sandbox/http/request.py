"""Routes and the calls that reach them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Optional, Tuple

from openmonetize.sandbox.accounts.customers import Customer
from openmonetize.sandbox.billing.ingestion import Ingestion
from openmonetize.sandbox.http.responses import Response, gateway_error
from openmonetize.sandbox.state import CURRENT, SEED, State
from openmonetize.sandbox.validation.schema import Node

BOTH = (CURRENT, SEED)


@dataclass
class Request:
    """One request that has passed validation and authentication.

    `arrived` is when its head was there, by `time.perf_counter`; `size` is that of the body in bytes; `clean` says that
    no text in it holds what a database does not take.
    """

    state: State
    ingestion: Ingestion
    method: str
    target: str
    headers: Dict[str, str]
    params: Dict[str, str] = field(default_factory=dict)
    query: Any = None
    body: Any = None
    key: Optional[str] = None
    tenant: Optional[Customer] = None
    arrived: float = 0.0
    size: int = 0
    clean: bool = False

    @property
    def customer(self) -> Customer:
        """The customer whose key the request carries."""
        if self.tenant is None:
            raise AssertionError("this route takes no key")
        return self.tenant

    def require_own(self, customer_id: Optional[str]) -> None:
        """Refuse a customer id that is not the caller's."""
        if customer_id != self.customer.id:
            raise gateway_error(403, "Access denied to this customer")


Handle = Callable[[Request], Response]


@dataclass(frozen=True)
class Route:
    """A path of the platform and what it checks before `handle` sees the call.

    `proxied` routes of the seed era are checked by a service behind the gateway: key first, and errors in the
    service's shape. `declares_400` strips validation errors to two keys, as the platform's framework does. `counted`
    routes use up monthly quota. `read_fast` may read and validate a body at once, or leave it to the exact path.
    `failure` is the text of this route's 500. A route may exist only with a defect of the servers, or only without it.
    """

    method: str
    path: str
    handle: Handle
    body: Optional[Node] = None
    query: Optional[Node] = None
    params: Optional[Node] = None
    eras: Tuple[str, ...] = BOTH
    keyed: bool = True
    declares_400: bool = False
    counted: bool = False
    proxied: bool = False
    only_with: Optional[str] = None
    unless: Optional[str] = None
    failure: str = "Internal Server Error"
    read_fast: Optional[Callable[[bytes], Any]] = None

    def serves(self, state: State) -> bool:
        """Whether this sandbox has the route."""
        if state.settings.era not in self.eras:
            return False
        return (self.only_with is None or state.has(self.only_with)) and not (self.unless and state.has(self.unless))
