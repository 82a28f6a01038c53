"""The client that a careful user writes by hand: urllib3's PoolManager, and pydantic models of the same fields.

It limits the time of a read, checks the status and validates the response. It normalises nothing, repeats nothing, and
limits neither the time of the whole call nor the size of a response.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List, Literal, Optional, Union

import urllib3
from fixtures import BALANCE_PATH, INGEST_PATH, KEY, READY_EVENT, TRANSACTIONS_PATH, ready_events
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from typing_extensions import Annotated

Count = Annotated[int, Field(ge=0)]


class Event(BaseModel):
    """The fields of all events."""

    model_config = ConfigDict(protected_namespaces=())

    event_id: str
    customer_id: Optional[str] = None
    user_id: Optional[str] = None
    team_id: Optional[str] = None
    feature_id: str
    timestamp: str
    metadata: Optional[Dict[str, Any]] = None
    idempotency_key: Optional[str] = None


class TokenUsage(Event):
    """An event of tokens."""

    event_type: Literal["TOKEN_USAGE"] = "TOKEN_USAGE"
    provider: Optional[str] = None
    model: Optional[str] = None
    input_tokens: Optional[Count] = None
    output_tokens: Optional[Count] = None


class ImageGeneration(Event):
    """An event of images."""

    event_type: Literal["IMAGE_GENERATION"] = "IMAGE_GENERATION"
    provider: Optional[str] = None
    model: Optional[str] = None
    image_count: Optional[Count] = None
    image_size: Optional[str] = None
    quality: Optional[str] = None


class Custom(Event):
    """An event in a unit of the user's own."""

    event_type: Literal["CUSTOM"] = "CUSTOM"
    unit_type: str
    quantity: float


class ApiCall(Event):
    """An event of a call."""

    event_type: Literal["API_CALL"] = "API_CALL"
    provider: Optional[str] = None
    model: Optional[str] = None


class BalanceData(BaseModel):
    """A wallet; its amounts are strings on the wire."""

    balance: int
    reserved_balance: int = Field(alias="reservedBalance")
    available_balance: int = Field(alias="availableBalance")
    currency: str


class Balance(BaseModel):
    """The response of the small GET."""

    data: BalanceData


class Transaction(BaseModel):
    """One row of the response of 50 rows."""

    id: str
    transaction_type: str = Field(alias="transactionType")
    amount: int
    balance_before: int = Field(alias="balanceBefore")
    balance_after: int = Field(alias="balanceAfter")
    description: Optional[str] = None
    created_at: datetime = Field(alias="createdAt")


class Page(BaseModel):
    """The position of the rows in the whole list."""

    limit: int
    offset: int
    total: int


class Transactions(BaseModel):
    """The response of 50 rows."""

    data: List[Transaction]
    pagination: Page


class Accepted(BaseModel):
    """The response of an ingest."""

    accepted: int
    rejected: int
    duplicates: int
    batch_id: Optional[str] = None
    status: str
    processing_time_ms: int


HEADERS = {"Authorization": f"Bearer {KEY}", "Accept": "application/json"}
EVENT_HEADERS = {**HEADERS, "X-API-Key": KEY, "Content-Type": "application/json"}
TIMEOUT = urllib3.Timeout(connect=10.0, read=30.0)
TOKEN_EVENTS = TypeAdapter(List[TokenUsage])
MIXED_EVENTS = TypeAdapter(
    List[Annotated[Union[TokenUsage, ImageGeneration, Custom, ApiCall], Field(discriminator="event_type")]]
)

Request = Callable[..., urllib3.BaseHTTPResponse]


def connect(url: str) -> Request:
    """Return a function that sends requests to paths of this server."""
    http = urllib3.PoolManager()
    return lambda method, path, **given: http.request(method, url + path, timeout=TIMEOUT, **given)


def get_balance(url: str, connect: Callable[[str], Request] = connect) -> Callable[[], object]:
    """Return a callable that makes a small GET."""
    request = connect(url)

    def call() -> object:
        response = request("GET", BALANCE_PATH, headers=HEADERS)
        assert response.status == 200
        return Balance.model_validate_json(response.data).data.balance

    return call


def get_transactions(url: str, connect: Callable[[str], Request] = connect) -> Callable[[], object]:
    """Return a callable that makes a GET of 50 rows."""
    request = connect(url)

    def call() -> object:
        response = request("GET", TRANSACTIONS_PATH, headers=HEADERS)
        assert response.status == 200
        return Transactions.model_validate_json(response.data).data

    return call


def post(url: str, count: int, connect: Callable[[str], Request] = connect) -> Callable[[], object]:
    """Return a callable that makes a POST of ready events, serialised in one pass by pydantic."""
    request = connect(url)
    events = [TokenUsage(**{**values, "idempotency_key": values["event_id"]}) for values in ready_events(count)]

    def call() -> object:
        body = b'{"events":' + TOKEN_EVENTS.dump_json(events, exclude_none=True) + b"}"
        response = request("POST", INGEST_PATH, body=body, headers=EVENT_HEADERS)
        assert response.status == 202
        accepted = Accepted.model_validate_json(response.data)
        assert accepted.accepted == count
        return accepted

    return call


def build(values: dict[str, Any]) -> Callable[[], object]:
    """Return a callable that builds an event.

    The model fills in nothing, so it is given an id and a time where the library is not.
    """
    values = {"event_id": READY_EVENT["event_id"], "timestamp": READY_EVENT["timestamp"], **values}
    return lambda: TokenUsage(**values)


def build_alike(values: dict[str, Any]) -> Callable[[], object]:
    """Return a callable that builds an event, makes its id and time, and normalises the README's values."""
    given_id, given_time = values.get("event_id"), values.get("timestamp")
    rest = {name: value for name, value in values.items() if name not in ("event_id", "timestamp", "provider")}
    namespace = uuid.uuid5(uuid.NAMESPACE_DNS, values["customer_id"])

    def call() -> object:
        event_id = str(uuid.uuid4()) if given_id is None else str(uuid.uuid5(namespace, given_id))
        moment = datetime.now(timezone.utc) if given_time is None else datetime.fromisoformat(given_time)
        return TokenUsage(
            event_id=event_id,
            timestamp=moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z"),
            provider=values["provider"].upper(),
            metadata=None if given_id is None else {"source_event_id": given_id},
            idempotency_key=event_id,
            **rest,
        )

    return call


def read_events(text: bytes) -> Callable[[], object]:
    """Return a callable that reads mixed events from JSON with a discriminated TypeAdapter."""
    return lambda: MIXED_EVENTS.validate_json(text)
