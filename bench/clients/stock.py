"""(b) The same contract through OpenAPI Generator's stock templates; `stock_client.py` generates it on the fly."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict

import openmonetize_stock as stock
from fixtures import KEY, READY_EVENT, USER, ready_events


def _client(url: str) -> stock.ApiClient:
    return stock.ApiClient(stock.Configuration(host=url, access_token=KEY, api_key={"ApiKeyAuth": KEY}))


def get_balance(url: str) -> Callable[[], object]:
    """A small GET."""
    api = stock.CreditsApi(_client(url))
    return lambda: int(api.v1_credits_balance_get().data.balance)


def get_transactions(url: str) -> Callable[[], object]:
    """A GET of 50 rows."""
    api = stock.CreditsApi(_client(url))
    return lambda: api.v1_users_user_id_transactions_get(USER).data


def post(url: str, count: int) -> Callable[[], object]:
    """A POST of ready events."""
    api = stock.EventsApi(_client(url))
    request = stock.V1EventsIngestPostRequest(
        events=[
            stock.UsageEvent(build({**values, "idempotency_key": values["event_id"]})())
            for values in ready_events(count)
        ]
    )

    def call() -> object:
        answer = api.ingest(request)
        assert answer.accepted == count
        return answer

    return call


def build(values: Dict[str, Any]) -> Callable[[], Any]:
    """Build an event. Only values in the wire's form are taken."""
    values = {"event_type": "TOKEN_USAGE", "timestamp": READY_EVENT["timestamp"], **values}
    values.setdefault("event_id", READY_EVENT["event_id"])
    return lambda: stock.TokenUsageEvent(**values)


def read_events(text: bytes) -> Callable[[], object]:
    """Read mixed events from JSON."""
    return lambda: [stock.UsageEvent.from_dict(item) for item in json.loads(text)]
