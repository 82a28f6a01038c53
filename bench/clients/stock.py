"""The client that OpenAPI Generator's stock templates make of the contract; `stock_client.py` generates it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import openmonetize_stock as stock
from fixtures import KEY, READY_EVENT, USER, ready_events


def _client(url: str) -> stock.ApiClient:
    return stock.ApiClient(stock.Configuration(host=url, access_token=KEY, api_key={"ApiKeyAuth": KEY}))


def get_balance(url: str) -> Callable[[], object]:
    """Return a callable that makes a small GET."""
    api = stock.CreditsApi(_client(url))
    return lambda: int(api.v1_credits_balance_get().data.balance)


def get_transactions(url: str) -> Callable[[], object]:
    """Return a callable that makes a GET of 50 rows."""
    api = stock.CreditsApi(_client(url))
    return lambda: api.v1_users_user_id_transactions_get(USER).data


def post(url: str, count: int) -> Callable[[], object]:
    """Return a callable that makes a POST of ready events."""
    api = stock.EventsApi(_client(url))
    request = stock.V1EventsIngestPostRequest(
        events=[
            stock.UsageEvent(build({**values, "idempotency_key": values["event_id"]})())
            for values in ready_events(count)
        ]
    )

    def call() -> object:
        result = api.ingest(request)
        assert result.accepted == count
        return result

    return call


def build(values: dict[str, Any]) -> Callable[[], Any]:
    """Return a callable that builds an event. The stock model takes values in the wire's form only."""
    values = {"event_type": "TOKEN_USAGE", "timestamp": READY_EVENT["timestamp"], **values}
    values.setdefault("event_id", READY_EVENT["event_id"])
    return lambda: stock.TokenUsageEvent(**values)


def read_events(text: bytes) -> Callable[[], object]:
    """Return a callable that reads mixed events from JSON."""
    return lambda: [stock.UsageEvent.from_dict(item) for item in json.loads(text)]
